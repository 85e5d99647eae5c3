// Ctrl-C, --resume, and a kdt that is killed: what is left behind.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"
#include "testing/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* k_matrix = R"(
name: interrupted
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M}
axes:
  loader: [kexec_file_load, kexec_load]
  rodata: [full, on]
exclude:
- {loader: kexec_load, rodata: on}
)";
constexpr std::size_t k_cells = 3;

class Interrupted : public ::testing::Test {
protected:
  std::vector<std::string> run_arguments(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"run", matrix_.string(), "-j", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  fs::path run_directory() const { return place_.path() / "run"; }

  /// A guest runs, and at least so many cells have ended before it.
  bool guests_after(const Program& program, std::size_t ended) const {
    return journal_cells(run_directory()).size() >= ended && !emulators_of(program.pid()).empty();
  }
  /// Cells in the journal are all that there is of cells.
  void expect_only_finished_cells() const {
    std::set<std::string> slugs;
    for (const auto& cell : read_run(run_directory()).cells) slugs.insert(cell.cell.slug);
    auto directories = cell_directories(run_directory());
    EXPECT_EQ(std::set<std::string>(directories.begin(), directories.end()), slugs);
    EXPECT_THAT(journal_cells(run_directory()), SizeIs(slugs.size()));
  }

  Place place_;
  fs::path matrix_ = place_.write("interrupted.yaml", k_matrix);
};

TEST_F(Interrupted, ByCtrlCKeepsWhatFinishedAndResumeRunsTheRest) {
  {
    Program program(place_, run_arguments({"--out", "run"}));
    ASSERT_TRUE(program.wait_until([&] { return guests_after(program, 1); }, Deadline::after(k_run_budget)));
    auto asked = Clock::now();
    program.signal(SIGINT);
    auto outcome = program.finish(Deadline::after(std::chrono::minutes(1)));
    EXPECT_LT(Seconds(Clock::now() - asked).count(), 5);
    EXPECT_EQ(outcome.status.code, 130) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("--resume"));
  }
  EXPECT_THAT(place_.processes(), IsEmpty());
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
  auto first = read_run(run_directory());
  EXPECT_EQ(first.exit_status, 130);
  EXPECT_GE(first.cells.size(), 1U);
  EXPECT_LT(first.cells.size(), k_cells);
  expect_only_finished_cells();
  auto schema = fs::path(KDT_SOURCE_DIR) / "reports/schema/run.schema.json";
  EXPECT_EQ(kdt::testing::schema_errors(schema, read_file(run_directory() / "run.json")), "");

  auto resumed = run_kdt(place_, run_arguments({"--resume", "run"}), k_run_budget);
  EXPECT_EQ(resumed.status.code, 0) << resumed.out << resumed.err;
  auto second = read_run(run_directory());
  std::set<std::string> ids;
  for (const auto& cell : second.cells) ids.insert(cell.cell.id);
  EXPECT_EQ(ids.size(), k_cells);
  EXPECT_EQ(second.cells.size(), k_cells);
  EXPECT_EQ(second.run_id, first.run_id);
  expect_only_finished_cells();
  for (const auto& before : first.cells) // not run again: the same nonce
    EXPECT_EQ(cell_with(second, before.cell.id).observed.at("trigger.nonce"), before.observed.at("trigger.nonce"));
}

TEST_F(Interrupted, AJournalThatWasCutAnywhereIsFinishedWithTheSameVerdicts) {
  auto whole = run_kdt(place_, run_arguments({"--out", "run"}), k_run_budget);
  ASSERT_EQ(whole.status.code, 0) << whole.out << whole.err;
  auto journal = run_directory() / "journal.jsonl";
  auto text = read_file(journal);
  std::vector<std::size_t> ends; // of its lines: run, three cells, end
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) ends.push_back(at);
  ASSERT_EQ(ends.size(), k_cells + 2);
  // In the middle of the last cell; in the middle of the first line, which loses everything.
  for (auto [cut, kept] : {std::pair{(ends[2] + ends[3]) / 2, k_cells - 1}, {ends[0] / 2, std::size_t{0}}}) {
    auto before = read_run(run_directory());
    write_file(journal, text.substr(0, cut));
    auto resumed = run_kdt(place_, run_arguments({"--resume", "run"}), k_run_budget);
    EXPECT_EQ(resumed.status.code, 0) << resumed.out << resumed.err;
    auto after = read_run(run_directory());
    ASSERT_THAT(after.cells, SizeIs(k_cells));
    EXPECT_EQ(after.run_id, before.run_id);
    std::size_t same = 0; // not run again: the same nonce
    for (const auto& cell : before.cells) {
      const auto& again = cell_with(after, cell.cell.id);
      EXPECT_EQ(again.verdict, cell.verdict);
      same += again.observed.at("trigger.nonce") == cell.observed.at("trigger.nonce") ? 1 : 0;
    }
    EXPECT_EQ(same, kept);
    expect_only_finished_cells();
  }
  // Cells of another build, or of another QEMU, are not mixed with these.
  auto other = text.find("\"fingerprint\":\"") + std::string_view("\"fingerprint\":\"").size();
  text[other] = text[other] == '0' ? '1' : '0';
  write_file(journal, text);
  auto refused = run_kdt(place_, run_arguments({"--resume", "run"}), k_run_budget);
  EXPECT_EQ(refused.status.code, 2) << refused.out << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("start a new run"));
}

TEST_F(Interrupted, BySigtermEndsTheSameWay) {
  Program program(place_, run_arguments({"--out", "run"}));
  ASSERT_TRUE(program.wait_until([&] { return guests_after(program, 0); }, Deadline::after(k_run_budget)));
  program.signal(SIGTERM);
  auto outcome = program.finish(Deadline::after(std::chrono::minutes(1)));
  EXPECT_EQ(outcome.status.code, 130) << outcome.out << outcome.err;
  EXPECT_THAT(place_.processes(), IsEmpty());
  EXPECT_THAT(cell_directories(run_directory()), IsEmpty());
}

TEST_F(Interrupted, KilledKdtTakesItsGuestsWithIt) {
  Program program(place_, run_arguments({"--out", "run", "--skip", "loader=kexec_load"}));
  auto saving = [&] { // a dump is under way: the moment with the most to leave behind
    for (const auto& cell : cell_directories(run_directory()))
      if (EventReader(run_directory() / "cells" / cell).asked("save")) return true;
    return false;
  };
  ASSERT_TRUE(program.wait_until(saving, Deadline::after(k_run_budget)));
  program.signal(SIGKILL);
  program.finish(Deadline::after(std::chrono::minutes(1)));
  eventually([&] { return place_.processes().empty(); }, Deadline::after(std::chrono::seconds(2)));
  EXPECT_THAT(place_.processes(), IsEmpty());
  EXPECT_THAT(files_over(run_directory(), ByteSize::mib(1)), IsEmpty());
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());

  auto resumed = run_kdt(place_, run_arguments({"--resume", "run", "--skip", "loader=kexec_load"}), k_run_budget);
  EXPECT_EQ(resumed.status.code, 0) << resumed.out << resumed.err;
  EXPECT_THAT(read_run(run_directory()).cells, SizeIs(2));
  expect_only_finished_cells();
}

TEST_F(Interrupted, TwiceLeavesAtOnceAndTheGuestsDieToo) {
  Program program(place_, run_arguments({"--out", "run"}));
  ASSERT_TRUE(program.wait_until([&] { return guests_after(program, 0); }, Deadline::after(k_run_budget)));
  program.signal(SIGINT);
  if (!program.ended()) ::kill(program.pid(), SIGINT);
  auto outcome = program.finish(Deadline::after(std::chrono::seconds(10)));
  EXPECT_EQ(outcome.status.code, 130) << outcome.out << outcome.err;
  eventually([&] { return place_.processes().empty(); }, Deadline::after(std::chrono::seconds(2)));
  EXPECT_THAT(place_.processes(), IsEmpty());
}

} // namespace
} // namespace kdt::e2e
