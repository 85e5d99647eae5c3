// A kdt that is killed or interrupted while forks run leaves neither guests nor their memory, wherever that was.

#include "base/scratch_file.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <unistd.h>

namespace kdt::e2e {
namespace {

using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::chrono::seconds k_to_die{30};

std::string matrix(unsigned gib, const std::string& more) {
  return fmt::format("name: forks\n"
                     "kernels: [v6.1-dma]\n"
                     "defaults: {{kernel: v6.1-dma, memory: {}G, crashkernel: 256M, rodata: full{}}}\n"
                     "axes:\n"
                     "  trigger: [sysrq-c, panic-irq, null-pointer]\n",
                     gib, more);
}

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    names.insert(entry->path().filename().string());
  return names;
}

/// What is there now and was not before.
std::vector<std::string> new_in(const fs::path& directory, const std::set<std::string>& before) {
  std::vector<std::string> added;
  std::ranges::set_difference(names_in(directory), before, std::back_inserter(added));
  return added;
}

/// The file that a fork has its memory from, as its command line has it; nullopt: it is no fork.
std::optional<fs::path> ram_file_of_fork(const std::string& line) {
  constexpr std::string_view k_path = "mem-path=";
  auto at = line.find(k_path);
  if (at == std::string::npos || line.find(" -incoming ") == std::string::npos) return std::nullopt;
  at += k_path.size();
  return line.substr(at, line.find(',', at) - at);
}

/// Ends kdt by a signal while a fork runs. `ram` tells where the template's memory should be until then: with what
/// the RAM file's link begins.
void leaves_nothing_after(int signal, const std::string& matrix, const std::function<std::string(const Place&)>& ram) {
  SCOPED_TRACE(signal);
  Place place;
  auto shared_memory = names_in("/dev/shm");
  Program program(place, {"run", place.write("forks.yaml", matrix).string(), "-j", "1", "--out", "run"});
  std::optional<fs::path> ram_file;
  auto forking = [&] {
    for (const auto& [pid, line] : emulators_of(program.pid()))
      if (!ram_file) ram_file = ram_file_of_fork(line);
    return ram_file.has_value();
  };
  ASSERT_TRUE(program.wait_until(forking, Deadline::after(k_run_budget))) << program.err();
  auto emulators = emulators_of(program.pid());
  auto held = nameless_files_of(program.pid());
  std::error_code error;
  auto link = fs::read_symlink(*ram_file, error).string();
  EXPECT_THAT(link, StartsWith(ram(place))) << error.message();
  EXPECT_TRUE(std::ranges::any_of(held, [&](const auto& file) { return file.second == link; })) << link;
  EXPECT_FALSE(place.holders(held).empty()); // what is looked for below is there now

  program.signal(signal);
  program.finish(Deadline::after(std::chrono::minutes(1)));
  for (const auto& [pid, line] : emulators)
    EXPECT_TRUE(eventually([pid = pid] { return ::kill(pid, 0) != 0; }, Deadline::after(k_to_die))) << line;
  eventually([&] { return place.processes().empty() && place.holders(held).empty(); }, Deadline::after(k_to_die));
  EXPECT_THAT(place.processes(), IsEmpty());
  EXPECT_THAT(place.holders(held), IsEmpty());
  EXPECT_THAT(files_over(place.path() / "run", ByteSize::mib(1)), IsEmpty());
  EXPECT_THAT(files_below(place.tmp()), IsEmpty());
  // Others may use it as well, but not for long.
  eventually([&] { return new_in("/dev/shm", shared_memory).empty(); }, Deadline::after(k_to_die));
  EXPECT_THAT(new_in("/dev/shm", shared_memory), IsEmpty());
}

} // namespace

TEST(TemplateEndToEnd, KilledOrInterruptedItLeavesNeitherGuestNorMemory) {
  auto in_memory = [](const Place&) { return std::string("/memfd:kdt"); };
  for (int signal : {SIGKILL, SIGINT}) leaves_nothing_after(signal, matrix(1, ""), in_memory);
}

TEST(TemplateEndToEnd, KilledItLeavesNoRamFileOnDisk) {
  // A dump at level 1 reads all of the guest's memory. Where that is more than half of the host's, the template's RAM
  // file, which would grow by it, goes to disk: run/template.cpp, place_for_ram().
  auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  ByteSize host{pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
  auto gib = static_cast<unsigned>(host.bytes / 2 / ByteSize::gib(1).bytes + 1);
  if (auto free = free_space(temporary_directory()); free.bytes / 2 < ByteSize::gib(gib + 1).bytes)
    GTEST_SKIP() << "a RAM file of " << gib << " GiB needs twice that of disk, and there are " << human(free);
  auto on_disk = [](const Place& place) { return fs::canonical(place.path()).string() + "/run/templates/"; };
  leaves_nothing_after(SIGKILL, matrix(gib, ", filter: 1"), on_disk);
}

} // namespace kdt::e2e
