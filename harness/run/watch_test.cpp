#include "run/watch.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

using namespace std::chrono_literals;
using State = Watch::State;
using Looks = std::vector<machine::CpuRegisters>;

namespace {

constexpr Patience k_patience{.still = 15s, .silent = 60s, .most = 180s};

Looks running(std::uint64_t pc, const std::string& registers = "") {
  return {{.cpu = 0, .pc = pc, .text = registers}};
}

Looks waiting(std::uint64_t pc, const std::string& registers = "") {
  return {{.cpu = 0, .pc = pc, .text = registers, .waits = true}};
}

/// Looks whenever the watch wants to, at what the function says the vCPUs do at that second; how it ended, and when.
struct Outcome {
  State state;
  std::chrono::seconds after;
};
Outcome watch_until_it_ends(const std::function<std::optional<Looks>(int second)>& vcpus,
                            std::initializer_list<int> signs = {}) {
  Clock::time_point begin{};
  Watch watch(k_patience, begin);
  for (auto next = signs.begin();;) {
    auto now = watch.next_look();
    bool sign = next != signs.end() && begin + std::chrono::seconds(*next) <= now;
    if (sign) watch.sign(now = begin + std::chrono::seconds(*next++));
    auto second = std::chrono::duration_cast<std::chrono::seconds>(now - begin);
    if (!sign) watch.look(vcpus(static_cast<int>(second.count())), now);
    if (auto state = watch.state(now); state != State::fine) return {state, second};
  }
}

} // namespace

TEST(Watch, AGuestWhoseCpusAllWaitIsHungSoon) {
  auto [state, after] = watch_until_it_ends([](int) { return waiting(8); });
  EXPECT_EQ(state, State::still);
  EXPECT_EQ(after, 15s);
}

TEST(Watch, TimersOfAnIdleCpuAreNoMovement) {
  auto [state, after] = watch_until_it_ends([](int second) { return waiting(8, std::to_string(second)); });
  EXPECT_EQ(state, State::still);
  EXPECT_EQ(after, 15s);
}

TEST(Watch, ACpuThatSpinsOnOneSpotIsHung) {
  EXPECT_EQ(watch_until_it_ends([](int) { return running(8, "X0=1"); }).state, State::still);
}

TEST(Watch, TimeInWhichNobodyWatchedIsNotTheGuests) {
  Clock::time_point begin{};
  Watch watch(k_patience, begin);
  auto late = begin + 10min;
  EXPECT_EQ(watch.state(late), State::over);
  watch.unwatched(10min - 1s);
  EXPECT_EQ(watch.state(late), State::fine);
  EXPECT_GT(watch.next_look(), late);
  EXPECT_EQ(watch.state(late + 180s), State::over);
}

TEST(Watch, AGuestThatTheHostDoesNotRunIsNotAccused) {
  auto outcome = [](Clock::duration ran, Clock::duration waited) { // of each five seconds
    Clock::time_point now{};
    Watch watch(k_patience, now);
    for (int nth = 0; watch.state(now) == State::fine; ++nth) {
      now = watch.next_look();
      watch.look(running(8), now, ProcessorTime{.ran = nth * ran, .waited = nth * waited});
    }
    return watch.state(now);
  };
  EXPECT_EQ(outcome(5s, 0s), State::still);
  EXPECT_EQ(outcome(1s, 8s), State::still) << "a fifth of a processor is enough to leave the spot";
  EXPECT_EQ(outcome(100ms, 9s), State::silent);
  EXPECT_EQ(outcome(0s, 0s), State::still) << "it does not want a processor";
}

TEST(Watch, AnInterruptDuringOneLookOnlyDelaysTheVerdict) {
  auto [state, after] = watch_until_it_ends([](int second) { return running(second == 10 ? 4096 : 8); });
  EXPECT_EQ(state, State::still);
  EXPECT_EQ(after, 30s);
}

TEST(Watch, ALargeGuestThatWorksInSilenceIsBorneWith) {
  auto works = [](int second) { return running(8, std::to_string(second)); }; // clears pages: only registers differ
  auto [state, after] = watch_until_it_ends(works);
  EXPECT_EQ(state, State::silent);
  EXPECT_EQ(after, 60s);
}

TEST(Watch, EverySignRenewsTheSilence) {
  auto [state, after] = watch_until_it_ends([](int) { return waiting(8); }, {14, 28});
  EXPECT_EQ(state, State::still);
  EXPECT_EQ(after, 43s);
}

TEST(Watch, SignsWithoutEndMeetTheHardBound) {
  Watch watch(k_patience, {});
  Clock::time_point now{};
  for (int i = 0; i < 179; ++i) watch.sign(now += 1s);
  EXPECT_EQ(watch.state(now), State::fine);
  watch.sign(now += 1s);
  EXPECT_EQ(watch.state(now), State::over);
}

TEST(Watch, AMonitorThatDoesNotAnswerAccusesNobodySoon) {
  auto [state, after] = watch_until_it_ends([](int) { return std::nullopt; });
  EXPECT_EQ(state, State::silent);
  EXPECT_EQ(after, 60s);
}

TEST(Watch, SaysHowItEnded) {
  EXPECT_EQ(describe(State::still, k_patience), "for 15 s nothing was said and no CPU moved");
  EXPECT_EQ(describe(State::silent, k_patience), "for 60 s nothing was said");
  EXPECT_EQ(describe(State::over, k_patience), "it was not over after 180 s");
  EXPECT_EQ(describe(State::fine, k_patience), "");
}

} // namespace kdt::run
