#include "base/error.hpp"
#include "matrix/expand.hpp"

#include <algorithm>
#include <cstdint>
#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace kdt::matrix {

namespace {
using Row = std::vector<unsigned>;

/// Axis and value index of both halves in one number; an axis has fewer than 2^20 values (k_most_cells).
std::uint64_t pair_key(std::size_t a, unsigned value_a, std::size_t b, unsigned value_b) {
  return (std::uint64_t{a} << 52) | (std::uint64_t{value_a} << 32) | (std::uint64_t{b} << 20) | value_b;
}

template <typename Visit>
void each_pair(const Row& row, Visit visit) {
  for (std::size_t a = 0; a < row.size(); ++a)
    for (std::size_t b = a + 1; b < row.size(); ++b) visit(pair_key(a, row[a], b, row[b]));
}
/// Scatters the numbers of rows (the finalizer of splitmix64). Among rows that are as good, the earliest would have the
/// first value of every axis nearly always: pairs would be met, and little else.
std::uint64_t scattered(std::uint64_t row) {
  row += 0x9e3779b97f4a7c15;
  row = (row ^ (row >> 30)) * 0xbf58476d1ce4e5b9;
  row = (row ^ (row >> 27)) * 0x94d049bb133111eb;
  return row ^ (row >> 31);
}

/// The rows that are still needed when the dearest are asked first whether the others cover their pairs as well.
std::vector<std::size_t> without_spare(const std::vector<Row>& rows, std::vector<std::size_t> kept,
                                       const std::vector<double>& costs) {
  std::unordered_map<std::uint64_t, std::size_t> times;
  for (auto row : kept) each_pair(rows[row], [&](std::uint64_t pair) { ++times[pair]; });
  std::ranges::stable_sort(kept, [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  std::erase_if(kept, [&](std::size_t row) {
    bool spare = true;
    each_pair(rows[row], [&](std::uint64_t pair) { spare &= times[pair] > 1; });
    if (spare) each_pair(rows[row], [&](std::uint64_t pair) { --times[pair]; });
    return spare;
  });
  return kept;
}
} // namespace

// Lazy greedy: what a row adds can only shrink as others are taken, so a stale top of the heap is counted again and
// put back, and most rows are never looked at twice.
std::vector<std::size_t> cover_pairs(const std::vector<Row>& rows, const std::vector<double>& given) {
  KDT_ASSERT(given.empty() || given.size() == rows.size());
  auto costs = given.empty() ? std::vector<double>(rows.size(), 1) : given;
  std::vector<std::size_t> kept;
  if (!rows.empty() && rows[0].size() < 2) { // no pairs: every value once
    for (std::size_t i = 0; i < rows.size(); ++i) kept.push_back(i);
    return kept;
  }
  std::unordered_set<std::uint64_t> covered;
  auto gain = [&](std::size_t row) {
    std::size_t count = 0;
    each_pair(rows[row], [&](std::uint64_t pair) { count += covered.contains(pair) ? 0 : 1; });
    return count;
  };
  using Candidate = std::pair<std::size_t, std::size_t>; // gain, row
  auto worse = [&](const Candidate& a, const Candidate& b) {
    if (a.first != b.first) return a.first < b.first;
    if (costs[a.second] != costs[b.second]) return costs[a.second] > costs[b.second];
    return scattered(a.second) > scattered(b.second);
  };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(worse)> heap(worse);
  for (std::size_t i = 0; i < rows.size(); ++i) heap.emplace(gain(i), i);
  while (!heap.empty()) {
    auto [promised, row] = heap.top();
    heap.pop();
    auto now = gain(row);
    if (now == 0) continue;
    if (now < promised) {
      heap.emplace(now, row);
      continue;
    }
    each_pair(rows[row], [&](std::uint64_t pair) { covered.insert(pair); });
    kept.push_back(row);
  }
  kept = without_spare(rows, std::move(kept), costs);
  std::ranges::sort(kept);
  return kept;
}

} // namespace kdt::matrix
