#include "report/sample_cells.hpp"
#include "report/since.hpp"
#include "report/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// One cell of each kind, the still broken one before the newly broken.
RunResult compared() {
  auto before = run_of({cell_of("a", "/x=1", Verdict::fail), cell_of("a", "/x=2"), cell_of("a", "/x=3", Verdict::fail),
                        cell_of("a", "/x=4"), cell_of("a", "/x=5")});
  before.run_id = "yesterday";
  before.started = "2026-01-01T12:00:00Z";
  auto after = run_of({cell_of("a", "/x=1", Verdict::fail), cell_of("a", "/x=2", Verdict::fail), cell_of("a", "/x=3"),
                       cell_of("a", "/x=4", Verdict::error), cell_of("a", "/x=6")});
  after.since = since_of(diff_runs(before, after), before);
  return after;
}

TEST(Since, EveryRedCellIsMarked) {
  auto run = compared();
  EXPECT_EQ(mark_of(run, run.cells[0]), "still broken");
  EXPECT_EQ(mark_of(run, run.cells[1]), "newly broken");
  EXPECT_EQ(mark_of(run, run.cells[2]), "") << "a good cell has no mark";
  EXPECT_EQ(mark_of(run, run.cells[3]), "not judged any more");
  run.since.reset();
  EXPECT_EQ(mark_of(run, run.cells[1]), "");
}

TEST(Since, ARunOfAnotherKernelIsMarkedToo) {
  auto before = run_of({cell_of("base", "/x=1")});
  auto after = run_of({cell_of("series", "/x=1", Verdict::fail)});
  after.since = since_of(diff_runs(before, after), before);
  EXPECT_EQ(mark_of(after, after.cells[0]), "newly broken");
}

TEST(Since, IsALineOfCounts) {
  EXPECT_EQ(since_line(compared()), "since yesterday (2026-01-01T12:00:00Z): 1 newly broken, 1 not judged any more, "
                                    "1 still broken, 1 fixed, 1 new, 1 gone");
  auto run = run_of({cell_of("a", "")});
  EXPECT_EQ(since_line(run), "");
  run.since = since_of(diff_runs(run, run), run);
  EXPECT_THAT(since_line(run), HasSubstr("nothing is newly broken"));
}

TEST(Since, MarkdownHasTheNames) {
  auto text = since_markdown(compared());
  EXPECT_THAT(text, HasSubstr("## Since run yesterday of 2026-01-01T12:00:00Z\n"));
  EXPECT_THAT(text, HasSubstr("- 1 fixed:\n  - kernel=a/x=3\n"));
  EXPECT_EQ(since_markdown(run_of({})), "");
}

TEST(Since, TheSummaryShowsWhatIsNewlyBrokenFirst) {
  auto text = summary(compared());
  EXPECT_THAT(text, HasSubstr("since yesterday"));
  auto newly = text.find("kernel=a/x=2, newly broken\n"), still = text.find("kernel=a/x=1, still broken\n");
  EXPECT_LT(newly, still);
  EXPECT_NE(still, std::string::npos);
  EXPECT_THAT(summary_markdown(compared()), HasSubstr("## FAIL kernel=a/x=2, newly broken\n"));
}

} // namespace
} // namespace kdt::report
