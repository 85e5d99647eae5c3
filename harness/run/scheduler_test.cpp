#include "run/scheduler.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace kdt::run {

namespace {
Job job(std::size_t index, std::uint64_t gib, double seconds, std::string kernel = "k") {
  return {.index = index, .kernel = std::move(kernel), .need = {.memory = ByteSize::gib(gib), .seconds = seconds}};
}

std::function<Room()> room(std::uint64_t gib, std::uint64_t disk_gib = 1000) {
  return [=] { return Room{.memory = ByteSize::gib(gib), .disk = ByteSize::gib(disk_gib)}; };
}

/// What a worker gets at once; nullopt when it would have to wait.
std::optional<Turn> at_once(Scheduler& scheduler) {
  std::stop_source source;
  source.request_stop();
  return scheduler.next(source.get_token());
}
} // namespace

TEST(Scheduler, LongestFirstThenWhatFits) {
  Scheduler scheduler({job(0, 1, 5), job(1, 6, 50), job(2, 6, 40), job(3, 1, 1)}, 4, room(8));
  scheduler.kernel_ready("k");
  EXPECT_EQ(scheduler.next({})->job.index, 1U); // the longest
  EXPECT_EQ(scheduler.next({})->job.index, 0U); // job 2 does not fit beside it
}

TEST(Scheduler, AJobForWhichTheHostHasTooLittleFreeIsHandedOutAsSuchWhenNothingElseRuns) {
  Scheduler scheduler({job(0, 1, 9), job(1, 100, 5)}, 2, room(8));
  scheduler.kernel_ready("k");
  auto small = scheduler.next({});
  EXPECT_TRUE(small->fits);
  EXPECT_EQ(at_once(scheduler), std::nullopt); // what runs will free something
  scheduler.done(small->job);
  EXPECT_EQ(at_once(scheduler), std::nullopt); // and so will a kernel's build
  scheduler.kernels_settled();
  auto large = scheduler.next({});
  EXPECT_EQ(large->job.index, 1U);
  EXPECT_FALSE(large->fits);
  EXPECT_EQ(large->room.memory, ByteSize::gib(8));
  scheduler.done(large->job);
  EXPECT_EQ(scheduler.next({}), std::nullopt);
}

TEST(Scheduler, AsksForTheRoomEachTime) {
  Room now{.memory = ByteSize::gib(1), .disk = ByteSize::gib(1)};
  Scheduler scheduler({job(0, 4, 5)}, 2, [&] { return now; });
  scheduler.kernel_ready("k");
  EXPECT_EQ(at_once(scheduler), std::nullopt);
  now.memory = ByteSize::gib(4);
  EXPECT_EQ(at_once(scheduler)->job.index, 0U);
}

TEST(Scheduler, DiskCountsLikeMemory) {
  auto first = job(0, 1, 5);
  auto second = job(1, 1, 4);
  first.need.disk = second.need.disk = ByteSize::gib(3);
  Scheduler scheduler({first, second}, 2, room(100, 5));
  scheduler.kernel_ready("k");
  EXPECT_EQ(at_once(scheduler)->job.index, 0U);
  EXPECT_EQ(at_once(scheduler), std::nullopt);
}

TEST(Scheduler, AGuestOfManyProcessorsTakesSeveralSlotsAndOneOfMoreThanAllTakesAll) {
  auto wide = job(0, 1, 9);
  wide.need.slots = 64;
  auto two = job(1, 1, 8);
  two.need.slots = 2;
  Scheduler scheduler({wide, two, job(2, 1, 7), job(3, 1, 6)}, 3, room(100));
  scheduler.kernel_ready("k");
  auto first = scheduler.next({});
  EXPECT_EQ(first->job.index, 0U);
  EXPECT_EQ(at_once(scheduler), std::nullopt);
  scheduler.done(first->job);
  EXPECT_EQ(at_once(scheduler)->job.index, 1U);
  EXPECT_EQ(at_once(scheduler)->job.index, 2U);
  EXPECT_EQ(at_once(scheduler), std::nullopt);
}

namespace {
Job grouped(std::size_t index, std::size_t group, double seconds = 5) {
  auto made = job(index, 1, seconds);
  made.group = group;
  made.cold_memory = ByteSize::gib(4);
  return made;
}
} // namespace

TEST(Scheduler, TheFirstOfAGroupMakesItsTemplateAndTheOthersWaitForThat) {
  Scheduler scheduler({grouped(0, 7), grouped(1, 7), job(2, 1, 1)}, 8, room(8));
  scheduler.kernel_ready("k");
  auto maker = at_once(scheduler);
  EXPECT_EQ(maker->job.index, 0U);
  EXPECT_TRUE(maker->makes_template);
  auto other = at_once(scheduler);
  EXPECT_EQ(other->job.index, 2U);
  EXPECT_FALSE(other->makes_template);
  EXPECT_EQ(at_once(scheduler), std::nullopt);
  scheduler.template_settled(*maker, true);
  auto fork = at_once(scheduler);
  EXPECT_EQ(fork->job.index, 1U);
  EXPECT_FALSE(fork->makes_template);
}

TEST(Scheduler, WhileATemplateIsMadeItsMemoryCountsToo) {
  Scheduler scheduler({grouped(0, 7), job(1, 4, 1)}, 8, room(8));
  scheduler.kernel_ready("k");
  auto maker = at_once(scheduler);
  EXPECT_EQ(at_once(scheduler), std::nullopt); // 1 and 4 of 8 are taken
  scheduler.template_settled(*maker, true);
  EXPECT_EQ(at_once(scheduler)->job.index, 1U);
}

TEST(Scheduler, WithoutATemplateItsCellsTakeWhatABootTakes) {
  Scheduler scheduler({grouped(0, 7), grouped(1, 7), grouped(2, 7)}, 8, room(6));
  scheduler.kernel_ready("k");
  auto maker = at_once(scheduler);
  scheduler.template_settled(*maker, false);
  EXPECT_EQ(at_once(scheduler)->job.need.memory, ByteSize::gib(4));
  EXPECT_EQ(at_once(scheduler), std::nullopt); // 1, 4 and 4 do not fit
}

TEST(Scheduler, ATemplateForWhichThereIsNoRoomIsNotMade) {
  Scheduler scheduler({grouped(0, 7), grouped(1, 7)}, 8, room(4));
  scheduler.kernel_ready("k");
  scheduler.kernels_settled();
  auto cold = at_once(scheduler);
  EXPECT_TRUE(cold->fits);
  EXPECT_FALSE(cold->makes_template);
  EXPECT_EQ(cold->job.need.memory, ByteSize::gib(4));
  scheduler.done(cold->job);
  EXPECT_FALSE(at_once(scheduler)->makes_template);
}

TEST(Scheduler, WhoEndsBeforeItsTemplateWasMadeLeavesThatToTheNext) {
  Scheduler scheduler({grouped(0, 7), grouped(1, 7)}, 8, room(8));
  scheduler.kernel_ready("k");
  scheduler.done(at_once(scheduler)->job);
  auto next = at_once(scheduler);
  EXPECT_EQ(next->job.index, 1U);
  EXPECT_TRUE(next->makes_template);
}

TEST(Scheduler, AForkGoesBeforeWhatNeedsAnotherTemplate) {
  Scheduler scheduler({grouped(0, 7, 50), grouped(1, 8, 40), grouped(2, 7, 5)}, 8, room(100));
  scheduler.kernel_ready("k");
  auto maker = at_once(scheduler);
  EXPECT_EQ(maker->job.index, 0U);
  scheduler.template_settled(*maker, true);
  EXPECT_EQ(at_once(scheduler)->job.index, 2U);
  EXPECT_EQ(at_once(scheduler)->job.index, 1U);
}

TEST(Scheduler, WhileATemplateIsMadeItsRamFileMayGrowOnDiskToo) {
  auto cold = job(1, 1, 1);
  cold.need.disk = ByteSize::gib(7);
  Scheduler scheduler({grouped(0, 7), cold}, 8, room(100, 10));
  scheduler.kernel_ready("k");
  auto maker = at_once(scheduler);
  EXPECT_TRUE(maker->makes_template);
  EXPECT_EQ(at_once(scheduler), std::nullopt); // 4 and 7 of 10
  scheduler.template_settled(*maker, true);
  EXPECT_EQ(at_once(scheduler)->job.index, 1U);
}

namespace {
/// One slot, which a fork has that has just made the template of its group.
Turn make_template_of(Scheduler& scheduler) {
  scheduler.kernel_ready("k");
  auto maker = *at_once(scheduler);
  EXPECT_EQ(at_once(scheduler), std::nullopt);
  scheduler.template_settled(maker, true);
  return maker;
}

/// Whether its guest may run now.
bool may_run(Scheduler& scheduler, const Turn& turn) {
  std::stop_source source;
  source.request_stop();
  return scheduler.begin_guest(turn.job, source.get_token());
}
} // namespace

TEST(Scheduler, OneForkIsHandedOutAheadAndItsGuestHasTheNextFreeSlot) {
  Scheduler scheduler({grouped(0, 7, 9), grouped(1, 7, 5), grouped(2, 7, 4), job(3, 1, 8)}, 1, room(100));
  auto running = make_template_of(scheduler);
  EXPECT_TRUE(may_run(scheduler, running));
  auto ahead = at_once(scheduler);
  ASSERT_TRUE(ahead);
  EXPECT_EQ(ahead->job.index, 1U); // what boots gains nothing by that
  EXPECT_EQ(at_once(scheduler), std::nullopt);
  scheduler.end_guest(running.job);
  EXPECT_EQ(at_once(scheduler), std::nullopt); // the slot is not for the one that is longest now
  EXPECT_TRUE(may_run(scheduler, *ahead));
  EXPECT_EQ(at_once(scheduler)->job.index, 2U); // the next one ahead, while the first verifies its dump
  scheduler.done(running.job);
}

TEST(Scheduler, AGuestWaitsUntilAnotherOneEnds) {
  Scheduler scheduler({grouped(0, 7, 9), grouped(1, 7, 5)}, 1, room(100));
  auto running = make_template_of(scheduler);
  auto ahead = *at_once(scheduler);
  bool began = false;
  std::thread waiting([&] { began = scheduler.begin_guest(ahead.job, {}); });
  scheduler.end_guest(running.job);
  waiting.join();
  EXPECT_TRUE(began);
}

TEST(Scheduler, AGuestThatEndedLeavesItsSlotAndKeepsItsMemory) {
  Scheduler scheduler({job(0, 6, 9), job(1, 6, 5), job(2, 1, 4)}, 1, room(8));
  scheduler.kernel_ready("k");
  auto first = at_once(scheduler);
  EXPECT_EQ(at_once(scheduler), std::nullopt);
  scheduler.end_guest(first->job);
  EXPECT_EQ(at_once(scheduler)->job.index, 2U);
  EXPECT_EQ(at_once(scheduler), std::nullopt);
  scheduler.done(first->job); // it has no slot to give back
  EXPECT_EQ(at_once(scheduler), std::nullopt);
}

TEST(Scheduler, ASecondGuestOfOneJobWaitsForASlot) {
  Scheduler scheduler({job(0, 1, 9), job(1, 1, 5), job(2, 1, 4)}, 1, room(8));
  scheduler.kernel_ready("k");
  auto first = *at_once(scheduler);
  scheduler.end_guest(first.job);
  auto second = *at_once(scheduler);
  EXPECT_FALSE(may_run(scheduler, first));
  scheduler.done(second.job);
  EXPECT_TRUE(may_run(scheduler, first));
  EXPECT_EQ(at_once(scheduler), std::nullopt);
}

TEST(Scheduler, WhoEndsBeforeItsGuestCameToRunReservesNothing) {
  Scheduler scheduler({grouped(0, 7, 9), grouped(1, 7, 5), grouped(2, 7, 4), job(3, 1, 8)}, 1, room(100));
  auto running = make_template_of(scheduler);
  auto ahead = *at_once(scheduler);
  scheduler.done(ahead.job);
  EXPECT_EQ(at_once(scheduler)->job.index, 2U); // ahead in its stead
  scheduler.done(running.job);
  EXPECT_EQ(at_once(scheduler), std::nullopt); // the one ahead has the slot
}

TEST(Scheduler, WaitsForTheKernel) {
  Scheduler scheduler({job(0, 1, 1, "late")}, 1, room(8));
  std::optional<Turn> got;
  std::thread worker([&] { got = scheduler.next({}); });
  scheduler.kernel_ready("late");
  worker.join();
  EXPECT_EQ(got->job.index, 0U);
}

TEST(Scheduler, AKernelThatFailsTakesItsJobsAway) {
  Scheduler scheduler({job(0, 1, 1, "bad"), job(1, 1, 1, "good")}, 1, room(8));
  EXPECT_EQ(scheduler.kernel_failed("bad").size(), 1U);
  scheduler.kernel_ready("good");
  EXPECT_EQ(scheduler.next({})->job.index, 1U);
  EXPECT_EQ(scheduler.next({}), std::nullopt);
}

TEST(Scheduler, KnowsHowLongWhatWaitsWillTake) {
  Scheduler scheduler({job(0, 1, 10), job(1, 1, 10), job(2, 1, 10)}, 2, room(8));
  EXPECT_EQ(scheduler.seconds_waiting(), 15);
  Scheduler uneven({job(0, 1, 100), job(1, 1, 10)}, 2, room(8));
  EXPECT_EQ(uneven.seconds_waiting(), 100); // nobody can help with the long one
}

} // namespace kdt::run
