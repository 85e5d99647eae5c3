#include "run/scheduler.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace kdt::run {

namespace {
Job job(std::size_t index, std::uint64_t gib, double seconds, std::string kernel = "k") {
  return {.index = index, .kernel = std::move(kernel), .memory = ByteSize::gib(gib), .seconds = seconds};
}
} // namespace

TEST(Scheduler, LongestFirstThenWhatFits) {
  Scheduler scheduler({job(0, 1, 5), job(1, 6, 50), job(2, 6, 40), job(3, 1, 1)}, ByteSize::gib(8));
  scheduler.kernel_ready("k");
  EXPECT_EQ(scheduler.next({})->index, 1U); // the longest
  EXPECT_EQ(scheduler.next({})->index, 0U); // job 2 does not fit beside it
}

TEST(Scheduler, AJobLargerThanTheHostRunsAlone) {
  Scheduler scheduler({job(0, 100, 5), job(1, 1, 1)}, ByteSize::gib(8));
  scheduler.kernel_ready("k");
  auto large = scheduler.next({});
  EXPECT_EQ(large->index, 0U);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(scheduler.next(source.get_token()), std::nullopt); // job 1 must wait
  scheduler.done(*large);
  EXPECT_EQ(scheduler.next({})->index, 1U);
  EXPECT_EQ(scheduler.next({}), std::nullopt);
}

TEST(Scheduler, WaitsForTheKernel) {
  Scheduler scheduler({job(0, 1, 1, "late")}, ByteSize::gib(8));
  std::optional<Job> got;
  std::thread worker([&] { got = scheduler.next({}); });
  scheduler.kernel_ready("late");
  worker.join();
  EXPECT_EQ(got->index, 0U);
}

TEST(Scheduler, AKernelThatFailsTakesItsJobsAway) {
  Scheduler scheduler({job(0, 1, 1, "bad"), job(1, 1, 1, "good")}, ByteSize::gib(8));
  EXPECT_EQ(scheduler.kernel_failed("bad").size(), 1U);
  scheduler.kernel_ready("good");
  EXPECT_EQ(scheduler.next({})->index, 1U);
  EXPECT_EQ(scheduler.next({}), std::nullopt);
}

TEST(ResidentEstimate, CoversWhatWasMeasured) {
  EXPECT_GT(resident_estimate(ByteSize::gib(4)).bytes, 230'000'000U);
  EXPECT_GT(resident_estimate(ByteSize::gib(64)).bytes, 1'460'000'000U);
  EXPECT_GT(resident_estimate(ByteSize::gib(256)).bytes, 5'200'000'000U);
  EXPECT_LT(resident_estimate(ByteSize::gib(256)).bytes, 8'000'000'000U);
  EXPECT_GT(host_memory_budget().bytes, 0U);
}

} // namespace kdt::run
