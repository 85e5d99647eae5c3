#pragma once

#include <chrono>

namespace kdt {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// The moment at which a wait gives up. Every wait takes one.
class Deadline {
public:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  static Deadline after(Clock::duration budget) { return Deadline(Clock::now() + budget); }
  static Deadline never() { return Deadline(Clock::time_point::max()); }

  Clock::time_point at() const { return at_; }
  bool passed() const { return Clock::now() >= at_; }
  /// Time left, never negative; Clock::duration::max() for never().
  Clock::duration left() const {
    if (at_ == Clock::time_point::max()) return Clock::duration::max();
    auto now = Clock::now();
    return now >= at_ ? Clock::duration::zero() : at_ - now;
  }
  /// The earlier of the two.
  friend Deadline earlier(Deadline a, Deadline b) { return a.at_ < b.at_ ? a : b; }

private:
  Clock::time_point at_;
};

} // namespace kdt
