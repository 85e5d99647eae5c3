#include "base/file.hpp"
#include "report/cell_text.hpp"
#include "report/sample_run.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace kdt::report {
namespace {

TEST(Cause, IsTheFirstFindingOfTheCellsBlame) {
  CellResult cell;
  EXPECT_EQ(cause(cell), nullptr);
  cell.findings = {make_finding("guest-lost", "first"), make_finding("oops", "second")};
  EXPECT_EQ(cause(cell)->text, "first");
  cell.blame = Blame::kernel;
  EXPECT_EQ(cause(cell)->text, "second");
  cell.blame = Blame::tool;
  EXPECT_EQ(cause(cell)->text, "first");
}

TEST(Reason, IsNeverEmptyForACellThatDidNotPass) {
  for (auto verdict : k_verdicts) {
    CellResult cell;
    cell.verdict = verdict;
    EXPECT_EQ(reason(cell).empty(), verdict == Verdict::pass) << to_string(verdict);
  }
}

TEST(Reason, OfAnUnexpectedPassNamesTheEntryThatMustGo) {
  CellResult cell;
  cell.verdict = Verdict::xpass;
  cell.known_issue = "va-bits-52";
  EXPECT_EQ(reason(cell), "known issue 'va-bits-52' did not show: remove its entry");
}

TEST(AgainCommand, QuotesWhatAShellWouldRead) {
  auto run = sample_run();
  EXPECT_EQ(again_command(run, run.cells[0]),
            "./kdt run matrices/smoke.yaml --only 'kernel=v6.1-dma/rodata=full' --keep all");
  run.kernel_options = {"--kernel", "base=/my linux@v1"};
  EXPECT_EQ(again_command(run, run.cells[0]), "./kdt run matrices/smoke.yaml --kernel 'base=/my linux@v1' --only "
                                              "'kernel=v6.1-dma/rodata=full' --keep all");
  run.kernel_options.clear();
  run.matrix = "my matrices/a.yaml";
  run.cells[0].cell.id = "cmdline=it's $(x)";
  EXPECT_EQ(again_command(run, run.cells[0]),
            R"(./kdt run 'my matrices/a.yaml' --only 'cmdline=it'\''s $(x)' --keep all)");
}

TEST(AgainCommand, IsReproOfACellWhoseRecipeLiesInTheRun) {
  constexpr const char* k_of_matrix = "./kdt run matrices/smoke.yaml --only 'kernel=v6.1-dma/rodata=full' --keep all";
  TempDir place("kdt-test");
  auto run = sample_run();
  run.directory = (place.path() / "my runs").string();
  auto cell = fs::path(run.directory) / "cells" / run.cells[0].cell.slug;
  make_directories(cell);
  EXPECT_EQ(again_command(run, run.cells[0]), k_of_matrix) << "repro would not find it";
  write_file(cell / "recipe.json", "{}");
  EXPECT_EQ(again_command(run, run.cells[0]),
            fmt::format("./kdt repro 'kernel=v6.1-dma/rodata=full' --run '{}'", run.directory));
  run.cells[0].phases.clear(); // there is nothing of it that could be run again
  EXPECT_EQ(again_command(run, run.cells[0]), k_of_matrix);
}

TEST(ForksText, CountsForksAndNamesTheFirstReasonWhyACellWasNone) {
  RunResult run;
  run.cells.resize(4);
  EXPECT_EQ(forks_text(run), "");
  run.cells[0].fork = run.cells[1].fork = Fork{.of = "probe-1", .after = Phase::probe};
  EXPECT_EQ(forks_text(run), "2 cells are forks of 1 template");
  run.cells[1].fork->of = "capture-2";
  run.cells[3].not_forked = "template probe-3:\nQEMU ended";
  EXPECT_EQ(forks_text(run), "2 cells are forks of 2 templates; 1 cell was booted instead of forked: template probe-3: "
                             "QEMU ended");
}

TEST(TotalsText, LeavesOutVerdictsThatNoCellHas) {
  EXPECT_EQ(totals_text({}), "no cells");
  auto run = sample_run();
  EXPECT_EQ(totals_text(run.cells), "1 pass, 1 fail, 1 xfail, 1 xpass, 1 error, 1 skip");
  run.cells.resize(1);
  EXPECT_EQ(totals_text(run.cells), "1 pass");
}

TEST(WallTime, IsTheRunsOwnOrElseTheSumOfItsCells) {
  auto run = sample_run();
  EXPECT_EQ(wall_time(run), Seconds(25));
  run.started = "2026-01-01T12:00:00.250Z";
  EXPECT_NEAR(wall_time(run).count(), 24.75, 1e-6);
  Seconds sum{0};
  for (const auto& cell : run.cells) sum += cell.seconds;
  for (const char* unknown : {"", "soon", "2025-12-31T12:00:00Z"}) {
    run.finished = unknown;
    EXPECT_NEAR(wall_time(run).count(), sum.count(), 1e-9) << unknown;
  }
}

TEST(DurationText, HasThePrecisionThatItsSizeDeserves) {
  EXPECT_EQ(duration_text(Seconds(0.254)), "0.25 s");
  EXPECT_EQ(duration_text(Seconds(25.33)), "25.3 s");
  EXPECT_EQ(duration_text(Seconds(200)), "3 min 20 s");
  EXPECT_EQ(duration_text(Seconds(4330)), "1 h 12 min");
}

TEST(WallTimeText, HasNoDecimalsThatNobodyMeasured) {
  auto run = sample_run();
  EXPECT_EQ(wall_time_text(run), "25 s");
  run.finished = "2026-01-01T12:00:09Z";
  EXPECT_EQ(wall_time_text(run), "9 s");
  run.finished = "2026-01-01T12:00:09.250Z";
  EXPECT_EQ(wall_time_text(run), "9.25 s");
  run.finished = "2026-01-01T13:30:00Z";
  EXPECT_EQ(wall_time_text(run), "1 h 30 min");
  run.finished.clear(); // then it is the sum of the cells' own times
  EXPECT_EQ(wall_time_text(run), "18.6 s");
}

TEST(OneLine, HasNoNewlineAndNoControlCharacter) {
  EXPECT_EQ(one_line("a\nb\tc\x1b"), "a b c\\x1b");
}

} // namespace
} // namespace kdt::report
