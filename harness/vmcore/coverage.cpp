#include "vmcore/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::vmcore {

namespace {

std::vector<PhysRange> without_one(const std::vector<PhysRange>& ranges, const PhysRange& taken) {
  std::vector<PhysRange> left;
  for (const auto& range : ranges) {
    PhysRange below{range.start, std::min(range.end, taken.start)}, above{std::max(range.start, taken.end), range.end};
    if (below.start < below.end) left.push_back(below);
    if (above.start < above.end) left.push_back(above);
  }
  return left;
}

/// Ranges that overlap or touch as one: what a crash region gave back is listed as System RAM in System RAM.
std::vector<PhysRange> merged(std::vector<PhysRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<PhysRange> result;
  for (const auto& range : ranges)
    if (!result.empty() && range.start <= result.back().end)
      result.back().end = std::max(result.back().end, range.end);
    else
      result.push_back(range);
  return result;
}

std::uint64_t bytes_of(const std::vector<PhysRange>& ranges) {
  std::uint64_t bytes = 0;
  for (const auto& range : ranges) bytes += range.size().bytes;
  return bytes;
}

std::vector<std::string> lines(const std::vector<PhysRange>& ranges) {
  constexpr std::size_t k_most = 16;
  std::vector<std::string> text;
  for (const auto& range : ranges) {
    if (text.size() == k_most) break;
    text.push_back(fmt::format("{:#x}-{:#x} ({})", range.start.value, range.end.value, to_string(range.size())));
  }
  return text;
}

} // namespace

std::vector<PhysRange> without(const std::vector<PhysRange>& ranges, const std::vector<PhysRange>& those) {
  // One pass over both in order: a hostile dump has 65536 ranges.
  auto left = ranges, taken = those;
  std::ranges::sort(left);
  std::ranges::sort(taken);
  std::vector<PhysRange> result;
  std::size_t first = 0;
  for (auto& range : left) {
    while (first < taken.size() && taken[first].end <= range.start) ++first;
    std::vector<PhysRange> rest{range};
    for (auto i = first; i < taken.size() && taken[i].start < range.end && !rest.empty(); ++i) {
      auto last = rest.back();
      rest.pop_back();
      for (const auto& part : without_one({last}, taken[i])) rest.push_back(part);
    }
    result.insert(result.end(), rest.begin(), rest.end());
  }
  return result;
}

std::vector<PhysRange> dumped_memory(const std::vector<PhysRange>& system_ram,
                                     const std::vector<PhysRange>& crash_regions, std::uint64_t page_size) {
  auto down = [&](PhysAddr address) { return PhysAddr{address.value / page_size * page_size}; };
  auto up = [&](PhysAddr address) { return down({address.value + page_size - 1}); };
  std::vector<PhysRange> ram, crash;
  for (const auto& range : system_ram)
    if (up(range.start) < down(range.end)) ram.push_back({up(range.start), down(range.end)});
  for (const auto& range : crash_regions) crash.push_back({down(range.start), up(range.end)});
  return without(merged(std::move(ram)), crash);
}

std::vector<Finding> judge_coverage(const std::vector<PhysRange>& dump, const std::vector<PhysRange>& system_ram,
                                    const std::vector<PhysRange>& crash_regions, std::uint64_t page_size) {
  auto wanted = dumped_memory(system_ram, crash_regions, page_size);
  auto missing = without(wanted, dump), foreign = without(dump, wanted);
  std::vector<Finding> findings;
  if (!missing.empty())
    findings.push_back(make_finding(
        "vmcore-memory-missing",
        fmt::format("{} of {} of RAM are not in the vmcore", human({bytes_of(missing)}), human({bytes_of(wanted)})),
        lines(missing)));
  if (foreign.empty()) return findings;
  auto outside = without(foreign, crash_regions);
  findings.push_back(
      make_finding("vmcore-memory-foreign",
                   fmt::format("the vmcore has {} that it should not have, {} of them of a crash region",
                               human({bytes_of(foreign)}), human({bytes_of(foreign) - bytes_of(outside)})),
                   lines(foreign)));
  return findings;
}

} // namespace kdt::vmcore
