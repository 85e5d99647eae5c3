#include "model/result.hpp"

#include <gtest/gtest.h>

namespace kdt {
namespace {

std::vector<CellResult> cells(std::initializer_list<Verdict> verdicts) {
  std::vector<CellResult> list;
  for (auto verdict : verdicts) {
    CellResult cell;
    cell.verdict = verdict;
    list.push_back(cell);
  }
  return list;
}

TEST(Totals, CountsEveryVerdictAndNamesThoseThatNoCellHas) {
  auto counts = totals(cells({Verdict::pass, Verdict::pass, Verdict::fail}));
  EXPECT_EQ(counts.size(), k_verdicts.size());
  EXPECT_EQ(counts[Verdict::pass], 2);
  EXPECT_EQ(counts[Verdict::fail], 1);
  EXPECT_EQ(counts[Verdict::error], 0);
}

TEST(ExitStatus, IsZeroWhenEveryCellIsAsExpected) {
  EXPECT_EQ(exit_status(cells({})), 0);
  EXPECT_EQ(exit_status(cells({Verdict::pass, Verdict::xfail, Verdict::skip})), 0);
}

TEST(ExitStatus, IsOneForAFailureOrAnUnexpectedPass) {
  EXPECT_EQ(exit_status(cells({Verdict::pass, Verdict::fail})), 1);
  EXPECT_EQ(exit_status(cells({Verdict::pass, Verdict::xpass})), 1);
}

TEST(ExitStatus, IsThreeOnlyWhenNothingWorseThanInfraHappened) {
  EXPECT_EQ(exit_status(cells({Verdict::pass, Verdict::error})), 3);
  EXPECT_EQ(exit_status(cells({Verdict::error, Verdict::fail})), 1);
}

TEST(ExitStatus, IsTwoWhenAKernelOfTheUsersDoesNotBuild) {
  auto list = cells({Verdict::pass, Verdict::error, Verdict::error});
  list[1].blame = Blame::infra;
  list[2].blame = Blame::usage;
  EXPECT_EQ(exit_status(list), 2);
  list[0].verdict = Verdict::fail;
  EXPECT_EQ(exit_status(list), 1);
}

TEST(ExitStatus, CellsThatAMergedRunLacksAreErrors) {
  RunResult run{.merged = Merged{.shards = 2}, .cells = cells({Verdict::pass})};
  EXPECT_EQ(exit_status(run), 0);
  run.merged->missing_cells = {"a"};
  EXPECT_EQ(exit_status(run), 3);
  run.merged->missing_cells = {};
  run.merged->missing_shards = {2};
  EXPECT_EQ(exit_status(run), 3);
  run.cells = cells({Verdict::fail});
  EXPECT_EQ(exit_status(run), 1);
}

} // namespace
} // namespace kdt
