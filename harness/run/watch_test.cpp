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

namespace {
struct OnBusyHost {
  State state;
  std::chrono::seconds after;
  bool too_busy;
};
/// A guest whose vCPUs do this, and whose emulator gets these shares of the time; when the watch ends.
OnBusyHost watch_on_host(double ran, double waited, const std::function<Looks(int nth)>& vcpus) {
  Clock::time_point begin{};
  auto now = begin;
  Watch watch(k_patience, begin);
  for (int nth = 0; watch.state(now) == State::fine; ++nth) {
    now = watch.next_look();
    auto share = [&](double part) { return std::chrono::duration_cast<Clock::duration>((now - begin) * part); };
    watch.look(vcpus(nth), now, ProcessorTime{.ran = share(ran), .waited = share(waited)});
  }
  return {watch.state(now), std::chrono::duration_cast<std::chrono::seconds>(now - begin), watch.host_is_too_busy()};
}
Looks spins(int) {
  return running(8);
}
Looks wanders(int nth) {
  return running(8, std::to_string(nth));
}
} // namespace

TEST(Watch, AGuestThatTheHostDoesNotRunIsNotAccusedOfStandingStill) {
  EXPECT_EQ(watch_on_host(1, 0, spins).state, State::still);
  EXPECT_EQ(watch_on_host(0.2, 1.6, spins).state, State::still) << "a fifth of a processor is enough to leave the spot";
  EXPECT_NE(watch_on_host(0.02, 1.8, spins).state, State::still);
  EXPECT_EQ(watch_on_host(0, 0, spins).state, State::still) << "it does not want a processor";
}

TEST(Watch, TimeInWhichTheGuestWaitsForTheHostIsGivenBack) {
  auto quiet = watch_on_host(1, 0, wanders);
  auto busy = watch_on_host(0.5, 1.5, wanders);
  EXPECT_EQ(quiet.state, State::silent);
  EXPECT_EQ(quiet.after, 60s);
  EXPECT_EQ(busy.state, State::silent);
  EXPECT_GE(busy.after, 200s) << "a quarter of the time was its own";
  EXPECT_LE(busy.after, 250s);
  EXPECT_FALSE(busy.too_busy);
  EXPECT_EQ(watch_on_host(0.001, 0.01, wanders).after, 60s) << "next to nothing was wanted";
}

TEST(Watch, AHostThatIsTooBusyIsNotBorneForever) {
  auto outcome = watch_on_host(0.01, 1.9, wanders);
  EXPECT_TRUE(outcome.too_busy);
  EXPECT_LE(outcome.after, 3 * 180s + 180s);
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
