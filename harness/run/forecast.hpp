#pragma once

#include "base/deadline.hpp"

#include <cstddef>
#include <map>

namespace kdt::run {

/// How long a run will still take, from what its cells are expected to take, and from how wrong that was so far: a host
/// that is busy with other things is slower than it was. Not for verdicts. Used under the caller's lock.
class Forecast {
public:
  explicit Forecast(unsigned slots) : slots_(slots) {}

  void began(std::size_t cell, double expected_seconds, Clock::time_point now);
  void ended(std::size_t cell, Clock::time_point now);
  /// waiting: how long what has not begun will take with all slots at work.
  Seconds left(double waiting, Clock::time_point now) const;

private:
  struct Running {
    double expected;
    Clock::time_point began;
  };
  double slots_;
  std::map<std::size_t, Running> running_;
  double expected_ = 0; ///< of all cells that have ended, and
  double taken_ = 0;    ///< what they really took
};

} // namespace kdt::run
