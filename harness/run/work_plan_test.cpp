#include "base/file.hpp"
#include "run/work_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::run {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace {

/// Cells a, b, c, … of 1 GiB each on a host of 16 GiB.
class WorkPlanTest : public testing::Test {
protected:
  WorkPlanTest() {
    for (const char* id : {"a", "b", "c"}) {
      Cell cell;
      cell.id = cell.slug = id;
      cell.parameters.kernel = "k";
      cell.parameters.memory = ByteSize::gib(1);
      cell.parameters.crashkernel = "256M";
      cell.parameters.trigger = id; // so that forks share the boot only
      cells_.push_back({cell, nullptr});
    }
  }

  WorkPlan plan() { return plan_work(cells_, options_, backend_, host_, learnt_); }
  static std::vector<std::size_t> numbers(const std::vector<Job>& jobs) {
    std::vector<std::size_t> list;
    for (const auto& job : jobs) list.push_back(job.index);
    return list;
  }
  /// Of the first cell as it ran.
  CellResult ran(Verdict verdict = Verdict::pass) const {
    CellResult result;
    result.cell = cells_[0].cell;
    result.verdict = verdict;
    result.seconds = Seconds(7);
    result.observed = {{"host.peak_memory", std::int64_t{400'000'000}}};
    return result;
  }

  TempDir place_{"kdt-test"};
  std::vector<PlannedCell> cells_;
  RunOptions options_{.templates = true};
  Backend backend_;
  HostMemory host_{.total = ByteSize::gib(16), .available = ByteSize::gib(1)};
  Learnt learnt_{place_.path() / "learnt", [](const std::string& sentence) { ADD_FAILURE() << sentence; }};
};

} // namespace

TEST_F(WorkPlanTest, HoldsTheCellsThatHaveNotFinished) {
  options_.finished = {ran()};
  auto work = plan();
  EXPECT_THAT(numbers(work.jobs), ElementsAre(1, 2));
  EXPECT_EQ(work.jobs[0].kernel, "k");
  EXPECT_THAT(work.never, IsEmpty());
  EXPECT_THAT(work.templates.groups, IsEmpty());
}

TEST_F(WorkPlanTest, PutsAsideWhatTheHostCouldNeverHold) {
  cells_[1].cell.parameters.memory = ByteSize::gib(2048);
  EXPECT_THAT(numbers(plan().jobs), ElementsAre(0, 2)); // whatever is available now
  EXPECT_THAT(numbers(plan().never), ElementsAre(1));
  backend_.largest = ByteSize::gib(64); // on another host
  EXPECT_THAT(plan().never, IsEmpty());
}

TEST_F(WorkPlanTest, CellsShareABootOnlyWhereTheBackendCanForkAndTheUserLetsIt) {
  backend_.can_fork = true;
  options_.finished = {ran()}; // two are left
  auto work = plan();
  ASSERT_THAT(work.templates.groups, SizeIs(1));
  EXPECT_THAT(work.templates.groups[0].cells, ElementsAre(1, 2));
  for (const auto& job : work.jobs) {
    EXPECT_EQ(job.group, 0U);
    EXPECT_GT(job.cold_memory.bytes, 0U);
  }
  options_.templates = false;
  EXPECT_EQ(plan().jobs[0].group, std::nullopt);
}

TEST_F(WorkPlanTest, TakesWhatWasMeasuredForTheCellsOfItsClass) {
  auto guess = plan();
  auto took = measured(ran(), backend_.accelerator);
  ASSERT_TRUE(took);
  learnt_.add(*took);
  auto work = plan();
  EXPECT_DOUBLE_EQ(work.jobs[0].need.seconds, 7);
  EXPECT_GT(work.jobs[0].need.memory.bytes, 400'000'000U);
  EXPECT_NE(work.jobs[0].need, guess.jobs[0].need);
}

TEST_F(WorkPlanTest, WhatAForkTookIsNoMeasureOfACellThatBoots) {
  auto fork = ran();
  fork.fork = Fork{.of = "t", .after = Phase::probe};
  EXPECT_NE(measured(fork, backend_.accelerator)->cell_class, measured(ran(), backend_.accelerator)->cell_class);
}

TEST_F(WorkPlanTest, ACellThatWentWrongOrWasNotMeasuredTellsNothing) {
  EXPECT_FALSE(measured(ran(Verdict::fail), backend_.accelerator));
  EXPECT_FALSE(measured(ran(Verdict::error), backend_.accelerator));
  EXPECT_TRUE(measured(ran(Verdict::xfail), backend_.accelerator));
  auto elsewhere = ran();
  elsewhere.observed.clear();
  EXPECT_FALSE(measured(elsewhere, backend_.accelerator));
}

} // namespace kdt::run
