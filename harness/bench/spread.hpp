#pragma once

#include <string>
#include <vector>

namespace kdt::bench {

/// What repeated measurements of one thing come to. A machine that others use too is slow at times and never too fast:
/// the median tells what it takes, least and most tell how far to trust that.
struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
  std::size_t count = 0;
};

/// Of no measurement: all zero.
Spread spread_of(std::vector<double> values);

/// values[i] / reference[i], round by round: what was measured side by side shared the machine's moods. As many as the
/// shorter list has.
std::vector<double> ratios(const std::vector<double>& values, const std::vector<double>& reference);

/// "4.21 (4.02 to 4.80, n=5)"; "4.21 (n=1)" of a single one.
std::string in_words(const Spread& spread);

} // namespace kdt::bench
