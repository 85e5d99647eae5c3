// `kdt verify` on its own, with real dumps: a check that cannot fail is a defect.

#include "e2e/kdump_file.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"
#include "testing/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace kdt::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* k_matrix = R"(
name: dumps
kernels: [v6.1-dma, v6.1-nodma]
defaults: {memory: 1G, crashkernel: 256M}
axes:
  kernel: [v6.1-dma, v6.1-nodma]
  rodata: [full, on]
exclude:
- {kernel: v6.1-nodma, rodata: on}
)";

/// What `kdt verify --json` said.
struct Judged {
  int status = -1;
  std::vector<std::string> codes{}; ///< of its findings
  std::string text{};               ///< everything, for messages
};

/// Three dumps: two runs of one kernel, one of another.
class Verify : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    place_ = new Place;
    auto matrix = place_->write("dumps.yaml", k_matrix).string();
    auto outcome = run_kdt(*place_, {"run", matrix, "-j", "2", "--keep", "all", "--out", "run"}, k_run_budget);
    ASSERT_TRUE(outcome.status.success()) << outcome.out << outcome.err;
    auto run = read_run(place_->path() / "run");
    dump_ = directory_of(run, "v6.1-dma/rodata=full") / "vmcore";
    facts_ = dump_.parent_path() / "cell.json";
    other_run_ = directory_of(run, "v6.1-dma/rodata=on") / "cell.json";
    other_kernel_ = directory_of(run, "v6.1-nodma") / "cell.json";
  }
  static void TearDownTestSuite() { delete place_; }
  void SetUp() override { ASSERT_TRUE(fs::exists(dump_)) << "--keep all did not keep a vmcore"; }

  static fs::path directory_of(const RunResult& run, std::string_view text) {
    return place_->path() / "run/cells" / cell_with(run, text).cell.slug;
  }

  static Judged judge(const fs::path& vmcore, const fs::path& facts = {}) {
    std::vector<std::string> arguments{"verify", vmcore.string(), "--json"};
    if (!facts.empty()) arguments.insert(arguments.end(), {"--facts", facts.string()});
    auto outcome = run_kdt(*place_, arguments, std::chrono::minutes(3));
    Judged judged{.status = outcome.status.code, .text = outcome.out + outcome.err};
    EXPECT_EQ(kdt::testing::schema_errors(KDT_SOURCE_DIR "/reports/schema/verify.schema.json", outcome.out), "");
    auto json = nlohmann::json::parse(outcome.out, nullptr, false);
    if (json.is_object())
      for (const auto& finding : json["findings"]) judged.codes.push_back(finding["code"]);
    EXPECT_THAT(files_below(place_->tmp()), IsEmpty());
    return judged;
  }

  /// The codes for a copy of the dump that was damaged so; the dump as it is passes, which another test shows.
  template <typename Damage>
  static std::vector<std::string> codes(Damage damage) {
    KdumpFile file(dump_);
    damage(file);
    file.write(place_->path() / "damaged");
    auto judged = judge(place_->path() / "damaged", facts_);
    EXPECT_EQ(judged.status, 1) << judged.text;
    return judged.codes;
  }

  /// Ranges that the cell observed.
  static std::vector<PhysRange> observed(const char* name) {
    std::vector<PhysRange> ranges;
    auto facts = nlohmann::json::parse(read_file(facts_));
    for (const std::string text : facts["observed"][name]) {
      auto dash = text.find('-');
      ranges.push_back(
          {{std::stoull(text.substr(0, dash), nullptr, 16)}, {std::stoull(text.substr(dash + 1), nullptr, 16)}});
    }
    return ranges;
  }

  static inline Place* place_ = nullptr;
  static inline fs::path dump_;
  static inline fs::path facts_;
  static inline fs::path other_run_;
  static inline fs::path other_kernel_;
};

TEST_F(Verify, AcceptsADumpWithTheFactsOfItsCell) {
  auto judged = judge(dump_, facts_);
  EXPECT_EQ(judged.status, 0) << judged.text;
  EXPECT_THAT(judged.codes, IsEmpty());
}

TEST_F(Verify, AcceptsADumpWithoutFacts) {
  EXPECT_EQ(judge(dump_).status, 0) << judge(dump_).text;
}

TEST_F(Verify, LeavesTheDumpAndItsDirectoryAsTheyWere) {
  auto before = files_below(dump_.parent_path());
  auto time = fs::last_write_time(dump_);
  judge(dump_, facts_);
  EXPECT_EQ(files_below(dump_.parent_path()), before);
  EXPECT_EQ(fs::last_write_time(dump_), time);
}

TEST_F(Verify, RefusesADumpThatIsCutOff) {
  auto size = fs::file_size(dump_);
  for (auto kept : {size - 1, size - 4096, size / 2, std::uintmax_t{8192}}) {
    SCOPED_TRACE(fmt::format("{} of {} bytes", kept, size));
    auto copy = place_->path() / "cut";
    fs::copy_file(dump_, copy, fs::copy_options::overwrite_existing);
    fs::resize_file(copy, kept);
    auto judged = judge(copy, facts_);
    EXPECT_EQ(judged.status, 1) << judged.text;
    EXPECT_THAT(judged.codes, ElementsAre("vmcore-truncated")) << judged.text;
  }
}

TEST_F(Verify, RefusesADumpWithAHole) {
  auto copy = place_->path() / "hole";
  fs::copy_file(dump_, copy, fs::copy_options::overwrite_existing);
  auto fd = open_file(copy, O_WRONLY);
  std::string garbage(64 * 1024, 'x');
  auto middle = static_cast<off_t>(fs::file_size(copy) / 2);
  ASSERT_EQ(::pwrite(fd.get(), garbage.data(), garbage.size(), middle), static_cast<ssize_t>(garbage.size()));
  auto judged = judge(copy, facts_);
  EXPECT_EQ(judged.status, 1) << judged.text;
  ASSERT_FALSE(judged.codes.empty()) << judged.text;
  EXPECT_EQ(judged.codes.front(), "vmcore-damaged") << judged.text;
}

TEST_F(Verify, FindsOneFlippedByteAndOneMissingPageWhereverACanaryIs) {
  auto pages = observed("canary.kernel");
  ASSERT_GE(pages.size(), 4u);
  for (const auto& page : pages) {
    SCOPED_TRACE(fmt::format("{:#x}", page.start.value));
    EXPECT_THAT(codes([&](auto& dump) { dump.flip_byte(page.start); }), ElementsAre("vmcore-canary-damaged"));
    EXPECT_THAT(codes([&](auto& dump) { dump.drop_page(page.start); }), ElementsAre("vmcore-canary-missing"));
  }
}

TEST_F(Verify, FindsMissingMemory) {
  auto ram = observed("panic.system_ram").back(), crash = observed("panic.crash_regions").back();
  auto lost = [&](const PhysRange& memory) { return codes([&](auto& dump) { dump.drop_memory(memory); }); };
  // The lowest page is of nobody. A bank holds page tables and canaries, too: what else is said follows from that.
  EXPECT_THAT(lost({ram.start, {ram.start.value + 4096}}), ElementsAre("vmcore-memory-missing"));
  for (const auto& bank : {PhysRange{ram.start, crash.start}, PhysRange{crash.end, ram.end}}) {
    auto found = lost(bank);
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found.front(), "vmcore-memory-missing");
    EXPECT_THAT(found, Not(::testing::Contains("vmcore-kaslr")));
  }
}

TEST_F(Verify, FindsSwappedNotesAndAWrongOffsetOfKaslr) {
  EXPECT_THAT(codes([](auto& dump) { dump.swap_notes(); }), ElementsAre("vmcore-cpu-notes"));
  EXPECT_THAT(codes([](auto& dump) { EXPECT_GE(dump.change_digit_after("KERNELOFFSET="), 1); }),
              ElementsAre("vmcore-kaslr"));
}

TEST_F(Verify, KnowsADumpOfAnotherRunOfTheSameKernel) {
  auto judged = judge(dump_, other_run_);
  EXPECT_EQ(judged.status, 1) << judged.text;
  EXPECT_THAT(judged.codes, ElementsAre("vmcore-other-run")) << judged.text;
}

TEST_F(Verify, KnowsADumpOfAnotherKernel) {
  auto judged = judge(dump_, other_kernel_);
  EXPECT_EQ(judged.status, 1) << judged.text;
  ASSERT_FALSE(judged.codes.empty()) << judged.text;
  EXPECT_EQ(judged.codes.front(), "vmcore-wrong-kernel") << judged.text;
}

TEST_F(Verify, RefusesWhatIsNoDump) {
  auto noise = place_->write("noise", std::string(300000, '\x5a'));
  auto empty = place_->write("empty", "");
  for (const auto& file : {noise, empty}) {
    auto judged = judge(file);
    EXPECT_EQ(judged.status, 1) << judged.text;
    EXPECT_THAT(judged.codes, ElementsAre("vmcore-unreadable")) << judged.text;
  }
}

TEST_F(Verify, SaysWhatIsWrongWithItsArguments) {
  auto absent = run_kdt(*place_, {"verify", "no-such-file"});
  EXPECT_EQ(absent.status.code, 2);
  EXPECT_THAT(absent.err, HasSubstr("no-such-file: no such file"));
  auto facts = place_->write("facts.json", "{\"schema\": 1}");
  auto wrong = run_kdt(*place_, {"verify", dump_.string(), "--facts", facts.string()});
  EXPECT_EQ(wrong.status.code, 2) << wrong.err;
}

} // namespace
} // namespace kdt::e2e
