#include "bench/spread.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::bench {

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  auto middle = values.size() / 2;
  double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .least = values.front(), .most = values.back(), .count = values.size()};
}

std::vector<double> ratios(const std::vector<double>& values, const std::vector<double>& reference) {
  std::vector<double> quotients;
  for (std::size_t i = 0; i < std::min(values.size(), reference.size()); ++i)
    quotients.push_back(values[i] / reference[i]);
  return quotients;
}

std::string in_words(const Spread& spread) {
  if (spread.count == 1) return fmt::format("{:.2f} (n=1)", spread.median);
  return fmt::format("{:.2f} ({:.2f} to {:.2f}, n={})", spread.median, spread.least, spread.most, spread.count);
}

} // namespace kdt::bench
