#include "run/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kdt::run {

namespace {

constexpr int k_looks = 3;           // in the time that a guest may stand still
constexpr int k_bearable = 3;        // times the most: what a guest may wait for a busy host
constexpr int k_looks_to_accuse = 2; // comparisons that must agree: a look may fall into an interrupt handler

bool same_place(const machine::CpuRegisters& before, const machine::CpuRegisters& now) {
  // A CPU that idles wakes for its timers; it stands at the same place each time, with other values in its registers.
  if (before.waits || now.waits) return before.waits == now.waits && before.pc == now.pc;
  // Under TCG the counter of a running vCPU may be old (it is written when blocks are left), the registers are not.
  return before.pc == now.pc && before.text == now.text;
}

bool any_moved(const std::vector<machine::CpuRegisters>& before, const std::vector<machine::CpuRegisters>& now) {
  return !std::ranges::equal(before, now, same_place);
}

/// Whether the host had no processor for a guest that wanted one: it stood still, and that is not its doing.
bool starved(const ProcessorTime& before, const ProcessorTime& now, Clock::duration between) {
  return now.ran - before.ran < between / 10 && now.waited - before.waited > between / 2;
}

} // namespace

Watch::Watch(const Patience& patience, Clock::time_point begin)
    : patience_(patience), begin_(begin), last_sign_(begin), last_move_(begin), last_look_(begin) {}

void Watch::sign(Clock::time_point now) {
  last_sign_ = last_look_ = now;
  previous_.reset();
  looks_without_move_ = 0;
}

void Watch::unwatched(Clock::duration gap) {
  for (auto* time : {&begin_, &last_sign_, &last_move_, &last_look_}) *time += gap;
}

void Watch::look(std::optional<std::vector<machine::CpuRegisters>> registers, Clock::time_point now,
                 std::optional<ProcessorTime> host) {
  last_look_ = now;
  moved_ = false;
  if (previous_host_ && host) {
    if (starved(*previous_host_, *host, now - previous_host_at_)) registers.reset();
    bear_with({.ran = host->ran - previous_host_->ran, .waited = host->waited - previous_host_->waited}, now);
  }
  previous_host_ = host;
  previous_host_at_ = now;
  if (previous_ && registers) {
    moved_ = any_moved(*previous_, *registers);
    looks_without_move_ = moved_ ? 0 : looks_without_move_ + 1;
    if (moved_) last_move_ = now;
  }
  if (!registers) looks_without_move_ = 0;
  previous_ = std::move(registers);
}

/// The guest is given back the share of the time in which it wanted a processor and had none.
void Watch::bear_with(const ProcessorTime& host, Clock::time_point now) {
  auto between = now - previous_host_at_;
  auto wanted = host.ran + host.waited;
  if (wanted < between / 10) return; // it idled
  auto lost = std::chrono::duration_cast<Clock::duration>(
      between * (Seconds(host.waited).count() / std::max(Seconds(wanted).count(), 1e-9)));
  lost = std::clamp(lost, Clock::duration{}, k_bearable * patience_.most - borne_);
  borne_ += lost;
  for (auto* time : {&begin_, &last_sign_, &last_move_}) *time = std::min(*time + lost, now);
}

bool Watch::host_is_too_busy() const {
  return borne_ > Clock::duration{} && borne_ >= k_bearable * patience_.most;
}

Clock::time_point Watch::next_look() const {
  return std::min({last_look_ + patience_.still / k_looks, last_sign_ + patience_.silent, begin_ + patience_.most});
}

Watch::State Watch::state(Clock::time_point now) const {
  if (now - begin_ >= patience_.most) return State::over;
  if (now - last_sign_ >= patience_.silent) return State::silent;
  bool stands = now - std::max(last_sign_, last_move_) >= patience_.still && looks_without_move_ >= k_looks_to_accuse;
  return stands ? State::still : State::fine;
}

std::string describe(Watch::State state, const Patience& patience) {
  auto seconds = [](Clock::duration time) { return Seconds(time).count(); };
  switch (state) {
  case Watch::State::still:
    return fmt::format("for {:.0f} s nothing was said and no CPU moved", seconds(patience.still));
  case Watch::State::silent:
    return fmt::format("for {:.0f} s nothing was said", seconds(patience.silent));
  case Watch::State::over:
    return fmt::format("it was not over after {:.0f} s", seconds(patience.most));
  case Watch::State::fine:
    break;
  }
  return "";
}

} // namespace kdt::run
