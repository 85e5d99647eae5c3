#include "base/error.hpp"
#include "base/file.hpp"
#include "matrix/expand.hpp"
#include "matrix/limits.hpp"

#include <gmock/gmock.h>

namespace kdt::matrix {

namespace {
using testing::HasSubstr;

const MachineType& virt() {
  static const auto loaded = load_machine_type(fs::path(KDT_SOURCE_DIR) / "matrices/machines/virt.yaml");
  return loaded;
}

const Facts k_facts{{"page_size", std::int64_t{4096}},
                    {"pa_bits", std::int64_t{48}},
                    {"va_bits", std::int64_t{48}},
                    {"nr_cpus", std::int64_t{16}},
                    {"least_memory", std::int64_t{128} << 20}};

std::string complaint(const std::string& name, const std::string& value, Facts more = {}, std::string cpu = "") {
  CellParameters cell;
  cell.kernel = "k";
  if (!cpu.empty()) cell.cpu = cpu;
  EXPECT_FALSE(find_parameter(name)->set(cell, value));
  more.insert(k_facts.begin(), k_facts.end());
  auto found = impossible(cell, more, virt());
  if (found) {
    EXPECT_EQ(found->parameter->name, name);
  }
  return found ? found->sentence : "";
}

std::string bad_machine(const std::string& text) {
  TempDir directory("kdt-limits");
  write_file(directory.path() / "m.yaml", text);
  try {
    load_machine_type(directory.path() / "m.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    return error.what();
  }
  return "accepted";
}
} // namespace

TEST(Impossible, LetsEveryOrdinaryCellThrough) {
  for (const char* memory : {"128M", "1G", "256G", "16383G"}) EXPECT_EQ(complaint("memory", memory), "");
  for (const char* cpu : {"cortex-a57", "max", "max,lpa2=off", "host", "neoverse-n2"})
    EXPECT_EQ(complaint("cpu", cpu), "");
  EXPECT_EQ(complaint("cpus", "16"), "");
}

TEST(Impossible, NamesWhatTheMachineCannotAddress) {
  EXPECT_EQ(complaint("memory", "16384G"),
            "memory 16T: cortex-a57 addresses 44 bits, and RAM starts at 1G: at most 16383G");
  EXPECT_THAT(complaint("memory", "1T", {}, "cortex-a53"), HasSubstr("at most 1023G"));
  EXPECT_EQ(complaint("memory", "1023G", {}, "cortex-a53"), "");
  EXPECT_THAT(complaint("memory", "255T", {}, "max"), HasSubstr("linear map of kernel k holds 128T"));
  EXPECT_THAT(complaint("memory", "512G", {{"va_bits", std::int64_t{39}}}), HasSubstr("holds 256G (VA_BITS 39)"));
  EXPECT_EQ(complaint("memory", "256G", {{"va_bits", std::int64_t{39}}}), "");
}

TEST(Impossible, NamesWhatTheKernelWasNotBuiltFor) {
  EXPECT_EQ(complaint("cpus", "17"), "cpus 17: kernel k is built for at most 16 CPUs (CONFIG_NR_CPUS)");
  EXPECT_EQ(complaint("memory", "64M"), "memory 64M: kernel k does not boot in less than 128M");
  EXPECT_THAT(complaint("cpu", "cortex-a57", {{"page_size", std::int64_t{16384}}}), HasSubstr("has no pages of 16K"));
  EXPECT_EQ(complaint("cpu", "cortex-a76", {{"page_size", std::int64_t{16384}}}), "");
}

TEST(Impossible, NamesTheNearestCpuModel) {
  EXPECT_EQ(complaint("cpu", "cortex-a75"),
            "cpu cortex-a75: machine virt has no 64-bit CPU model 'cortex-a75' (did you mean 'cortex-a35'?)");
  EXPECT_THAT(complaint("cpu", "cortex-a15"), HasSubstr("no 64-bit CPU model"));
}

TEST(Impossible, NamesACpuThatTheGuestDoesNotHave) {
  EXPECT_EQ(complaint("trigger_cpu", "1"), "");
  EXPECT_EQ(complaint("trigger_cpu", "2"), "trigger_cpu 2: the guest has 2 CPUs, and the first one is 0");
}

TEST(Impossible, NamesAnInitramfsThatNoMemoryHolds) {
  EXPECT_EQ(complaint("initramfs_size", "2047M"), "");
  EXPECT_EQ(complaint("initramfs_size", "2G"), "initramfs_size 2G: the guest's memory, 2G, cannot hold it");
}

TEST(Impossible, NamesACommandLineThatTheKernelWouldCutOff) {
  std::string longest(1791, 'x');
  for (const char* name : {"cmdline", "crashkernel", "capture_cmdline"}) {
    auto room = longest.substr(std::string_view(name) == "crashkernel" ? 12 : 0); // "crashkernel="
    EXPECT_EQ(complaint(name, room), "") << name;
    EXPECT_THAT(complaint(name, room + "x"), HasSubstr("xxx…: the ")) << name;
    EXPECT_THAT(complaint(name, room + "x"), HasSubstr("1792 bytes, of which 1791 are kept")) << name;
  }
}

TEST(Impossible, ChecksNothingThatIsNotKnown) {
  CellParameters cell;
  cell.memory = ByteSize::mib(16);
  cell.cpus = 500;
  EXPECT_FALSE(impossible(cell, {}, virt()));
  cell.cpus = 513;
  EXPECT_TRUE(impossible(cell, {}, {.name = "virt", .most_cpus = 512, .ram_base = {}, .cpus = virt().cpus}));
}

TEST(PlaceOf, IsWhereTheValueWasWritten) {
  TempDir directory("kdt-limits");
  write_file(directory.path() / "m.yaml", "kernels: [k]\ndefaults: {cpu: max}\naxes: {memory: [1G, 2048M]}\n"
                                          "include:\n- {memory: 3G, cpus: 4}\n");
  auto matrix = load_matrix(directory.path() / "m.yaml", {});
  auto cells = expand(matrix);
  ASSERT_EQ(cells.size(), 3U);
  auto place = [&](std::size_t cell, const char* name) {
    return place_of(matrix, cells[cell], *find_parameter(name)).substr(directory.path().string().size() + 1);
  };
  EXPECT_EQ(place(1, "memory"), "m.yaml:3:21");
  EXPECT_EQ(place(2, "memory"), "m.yaml:5:12");
  EXPECT_EQ(place(2, "cpus"), "m.yaml:5:22");
  EXPECT_EQ(place(0, "cpu"), "m.yaml:2:17");
  EXPECT_EQ(place(0, "cpus"), "m.yaml"); // nobody wrote it
}

TEST(LoadMachineType, SaysWhereAndWhat) {
  EXPECT_THAT(bad_machine("machine: m\nmost_cpus: none\nram_base: 1G\ncpus: {a: {}}\n"), HasSubstr("m.yaml:2:12: "));
  EXPECT_THAT(bad_machine("machine: m\nmost_cpus: 1\nram_base: 1G\ncpus: {}\n"), HasSubstr("m.yaml:4:7: "));
  EXPECT_THAT(bad_machine("machine: m\nmost_cpus: 1\nram_base: x\ncpus: {a: {}}\n"), HasSubstr("is not a size"));
  EXPECT_THAT(bad_machine("machine: m\nmost_cpus: 1\ncpus: {a: {}}\n"), HasSubstr("ram_base"));
  EXPECT_THAT(bad_machine("machine: m\nmost_cpus: 1\nram_base: 1G\ncpus: {a: {bits: 1}}\n"), HasSubstr("bits"));
}

} // namespace kdt::matrix
