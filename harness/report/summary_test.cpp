#include "base/text.hpp"
#include "report/columns.hpp"
#include "report/sample_cells.hpp"
#include "report/sample_run.hpp"
#include "report/summary.hpp"
#include "testing/golden.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const fs::path k_testdata{KDT_TESTDATA};

RunResult run_with_failures(int count) {
  auto run = sample_run();
  auto failed = run.cells[1];
  run.cells.assign(static_cast<std::size_t>(count), failed);
  for (std::size_t i = 1; i < run.cells.size(); ++i) run.cells[i].cell.id += fmt::format("/n={}", i);
  return run;
}

TEST(Summary, LooksLikeItsGoldenFile) {
  kdt::testing::expect_golden(summary(sample_run(), {.directory = "runs/20260101T120000Z-4711"}),
                              k_testdata / "summary.txt");
}

TEST(Summary, OfAGoodRunIsOneLine) {
  auto run = sample_run();
  run.cells.resize(1);
  EXPECT_EQ(summary(run), "smoke: 1 pass in 25 s\n");
}

/// How many rows of a terminal a text takes.
std::size_t rows(const std::string& text, std::size_t columns) {
  std::size_t sum = 0;
  for (const auto& line : split(text.substr(0, text.size() - 1), '\n')) sum += rows_of(width_of(line), columns);
  return sum;
}

TEST(Summary, FitsAScreenHoweverManyCellsFailed) {
  auto text = summary(run_with_failures(5000), {.directory = "runs/x"});
  EXPECT_LT(rows(text, 0), 24U);
  EXPECT_THAT(text, HasSubstr("… and 4996 more: 4996 capture-timeout\n"));
}

TEST(Summary, FitsANarrowScreenWithSentencesCutAndCommandsWhole) {
  auto run = run_with_failures(50);
  for (auto& cell : run.cells) cell.findings[0].text += std::string(500, 'x');
  auto text = summary(run, {.columns = 80, .rows = 24, .directory = "runs/x"});
  EXPECT_LT(rows(text, 80), 24U) << text;
  EXPECT_THAT(text, HasSubstr("xx…\n"));
  EXPECT_THAT(text, HasSubstr("--only 'kernel=v6.1-dma/rodata=on' --keep all\n"));
  EXPECT_THAT(text, HasSubstr("more: "));
  EXPECT_THAT(summary(run, {.columns = 10, .rows = 3}), HasSubstr("FAIL")) << "one cell is always shown";
}

TEST(Summary, ShowsAsManyCellsAsFit) {
  EXPECT_THAT(summary(run_with_failures(5)), Not(HasSubstr("more")));
  EXPECT_THAT(summary(run_with_failures(6)), HasSubstr("and 1 more"));
  EXPECT_THAT(summary(run_with_failures(6), {.rows = 60}), Not(HasSubstr("more")));
}

TEST(Summary, FitsAScreenHoweverMuchTheKernelsChange) {
  std::vector<CellResult> cells;
  for (const char* kernel : {"base", "series"})
    for (int i = 0; i < 80; ++i) {
      cells.push_back(cell_of(kernel, fmt::format("/n={}", i)));
      if (kernel == std::string("series")) cells.back().observed["map.region"] = std::string("blocks");
    }
  auto run = run_of(cells, {"base", "series"});
  auto text = summary(run, {.columns = 80, .rows = 24, .directory = "runs/x"});
  EXPECT_EQ(rows(text, 80), 23U) << text;
  EXPECT_THAT(text, HasSubstr("What series changes against base\n80 cells differ"));
  EXPECT_THAT(text, HasSubstr(" more lines: summary.md\n\nresults: runs/x\n"));
  EXPECT_THAT(summary(run, {.rows = 400}), Not(HasSubstr("more line")));

  for (std::size_t i = 80; i < 160; ++i) run.cells[i] = cell_of("series", fmt::format("/n={}", i), Verdict::fail);
  for (std::size_t i = 80; i < 160; ++i) run.cells.push_back(run.cells[i]);
  for (std::size_t i = 160; i < 240; ++i) run.cells[i].cell.id += "#2";
  text = summary(run, {.columns = 80, .rows = 24, .directory = "runs/x"});
  EXPECT_LT(rows(text, 80), 24U) << "with red cells and repeats, too\n" << text;
  EXPECT_THAT(text, HasSubstr("repeats, 80 cells"));
  EXPECT_THAT(text, HasSubstr("What series changes against base"));
}

TEST(Summary, SaysThatAFailureWasKnownUntilItsEntryExpired) {
  auto run = run_with_failures(1);
  EXPECT_THAT(summary(run), Not(HasSubstr("known until")));
  run.cells[0].findings[0].evidence.emplace_back("known until 2026-11-26, expired: quiet: \x1b[2Jon purpose");
  EXPECT_THAT(summary(run), HasSubstr("capture-timeout, known until 2026-11-26, expired: "));
  EXPECT_THAT(summary_markdown(run), HasSubstr("known until 2026-11-26, expired"));
}

TEST(Summary, HasColourOnlyWhenAsked) {
  EXPECT_THAT(summary(sample_run()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(summary(sample_run(), {.colour = true}), HasSubstr("\x1b[31mFAIL \x1b[0m kernel=v6.1-dma/rodata=on\n"));
}

TEST(Summary, WhatAGuestPrintedCannotDriveTheTerminal) {
  auto run = sample_run();
  run.cells = {hostile_cell()};
  auto text = summary(run);
  EXPECT_EQ(text, printable(text));
  EXPECT_THAT(text, HasSubstr("\\x1b[2J"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 5) << text; // nor add lines to it
}

TEST(SummaryMarkdown, LooksLikeItsGoldenFile) {
  kdt::testing::expect_golden(summary_markdown(sample_run()), k_testdata / "summary.md");
}

TEST(SummaryMarkdown, WhatAGuestPrintedIsTakenLiterally) {
  auto run = sample_run();
  run.cells = {hostile_cell()};
  kdt::testing::expect_golden(summary_markdown(run), k_testdata / "hostile.md");
}

TEST(SummaryMarkdown, StaysSmallHoweverManyCellsThereAre) {
  auto text = summary_markdown(run_with_failures(3000));
  EXPECT_LT(text.size(), 1'000'000U);
  EXPECT_THAT(text, HasSubstr("2000 more cells are in run.json"));
}

} // namespace
} // namespace kdt::report
