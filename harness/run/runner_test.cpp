#include "base/error.hpp"
#include "base/file.hpp"
#include "run/journal.hpp"
#include "run/runner.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

namespace {

/// Counts what it is told.
class Counter final : public RunObserver {
public:
  void cell_started(const Cell&, const RunProgress&) override { ++started; }
  void phase_started(const Cell&, Phase) override {}
  void cell_ended(const CellResult& result, const RunProgress&) override { ended.push_back(result.verdict); }
  void warned(const std::string& sentence) override { warnings.push_back(sentence); }
  std::atomic<int> started{0};
  std::vector<Verdict> ended;
  std::vector<std::string> warnings;
};

/// A repository whose kernels cannot be built: its source archive does not exist. Machines are never reached.
class RunnerTest : public testing::Test {
protected:
  RunnerTest() {
    make_directories(place_.path() / "images/kconfig");
    write_file(place_.path() / "images/kernels.yaml",
               "sources:\n  linux: {package: linux-source-6.1, archive: /nonexistent/source.tar.xz, free_space: 1M}\n"
               "kernels:\n  k: {description: one, source: linux, fragments: [base], steps: 2, free_space: 1M}\n");
    write_file(place_.path() / "images/kconfig/base.config", "CONFIG_SMP=y # reason\n");
    write_file(place_.path() / "images/userspace.yaml",
               "suite: x\npackages: [a]\nprograms: [sbin/program]\nfree_space: 1M\n");
    make_directories(place_.path() / "guests/agent");
    make_directories(place_.path() / "guests/probe");
    for (const char* id : {"a", "b"}) {
      Cell cell;
      cell.id = cell.slug = id;
      cell.parameters.kernel = "k";
      cells_.push_back({cell, &expectations_});
    }
  }

  RunResult run(RunOptions options, std::stop_token stop = {}) {
    image::Images images(place_.path() / "cache", place_.path());
    options.directory = place_.path() / "run";
    return run_cells(cells_, images, {.make_machine = {}, .emulator_version = "0"}, options, counter_, std::move(stop));
  }

  TempDir place_{"kdt-test"};
  Expectations expectations_;
  std::vector<PlannedCell> cells_;
  Counter counter_;
};

} // namespace

TEST_F(RunnerTest, AKernelThatCannotBeHadMakesItsCellsErrors) {
  auto result = run({});
  ASSERT_EQ(result.cells.size(), 2U);
  for (const auto& cell : result.cells) {
    EXPECT_EQ(cell.verdict, Verdict::error);
    EXPECT_EQ(cell.findings.at(0).code, "no-kernel");
    EXPECT_TRUE(cell.findings.at(0).text.starts_with("kernel k: ")) << cell.findings.at(0).text;
    EXPECT_FALSE(cell.findings.at(0).text.starts_with("kernel k: kernel k: ")) << cell.findings.at(0).text;
  }
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(counter_.started, 0);
  EXPECT_EQ(counter_.ended.size(), 2U);
  EXPECT_EQ(read_journal(place_.path() / "run/journal.jsonl").cells.size(), 2U);
}

TEST_F(RunnerTest, CellsThatAreFinishedDoNotRunAgain) {
  CellResult finished;
  finished.cell = cells_[0].cell;
  finished.verdict = Verdict::pass;
  auto result = run({.finished = {finished}});
  ASSERT_EQ(result.cells.size(), 2U);
  EXPECT_EQ(result.cells[0].verdict, Verdict::pass);
  EXPECT_EQ(result.cells[1].verdict, Verdict::error);
  EXPECT_EQ(counter_.ended.size(), 1U);
}

TEST_F(RunnerTest, ACellThatTheHostCanNeverHoldIsSkippedAndSaysWhatItTakes) {
  cells_[1].cell.parameters.memory = ByteSize::gib(std::uint64_t{1} << 24);
  auto result = run({});
  ASSERT_EQ(result.cells.size(), 2U);
  EXPECT_EQ(result.cells[0].verdict, Verdict::error);
  EXPECT_EQ(result.cells[1].verdict, Verdict::skip);
  ASSERT_EQ(result.cells[1].findings.size(), 1U);
  EXPECT_EQ(result.cells[1].findings[0].code, "host-too-small");
  EXPECT_NE(result.cells[1].findings[0].text.find("360.3 TB"), std::string::npos) << result.cells[1].findings[0].text;
  EXPECT_EQ(read_journal(place_.path() / "run/journal.jsonl").cells.size(), 2U);
}

TEST_F(RunnerTest, AStoreOfMeasurementsThatIsDamagedIsAWarning) {
  write_file(place_.path() / "learnt", std::string(4096, 'x'));
  auto result = run({.learnt = place_.path() / "learnt"});
  EXPECT_EQ(result.cells.size(), 2U);
  ASSERT_EQ(counter_.warnings.size(), 1U);
  EXPECT_NE(counter_.warnings[0].find("not a database"), std::string::npos) << counter_.warnings[0];
}

TEST_F(RunnerTest, AStopRequestEndsItWithWhatFinished) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(run({}, stop.get_token()).cells.empty());
}

TEST_F(RunnerTest, AnUnwritableDirectoryIsAnInfraError) {
  write_file(place_.path() / "run", "a file, not a directory");
  EXPECT_THROW(run({}), Error);
}

} // namespace kdt::run
