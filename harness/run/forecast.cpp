#include "run/forecast.hpp"

#include <algorithm>

namespace kdt::run {

void Forecast::began(std::size_t cell, double expected_seconds, Clock::time_point now) {
  running_[cell] = {expected_seconds, now};
}

void Forecast::ended(std::size_t cell, Clock::time_point now) {
  auto it = running_.find(cell);
  if (it == running_.end()) return;
  expected_ += it->second.expected;
  taken_ += Seconds(now - it->second.began).count();
  running_.erase(it);
}

Seconds Forecast::left(double waiting, Clock::time_point now) const {
  double slower = expected_ > 0 ? std::clamp(taken_ / expected_, 0.2, 5.0) : 1;
  double sum = 0;
  double longest = 0;
  for (const auto& [cell, running] : running_) {
    double rest = std::max(0.0, running.expected * slower - Seconds(now - running.began).count());
    sum += rest;
    longest = std::max(longest, rest);
  }
  return Seconds(std::max(waiting * slower + sum / slots_, longest));
}

} // namespace kdt::run
