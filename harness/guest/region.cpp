#include "guest/region.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace kdt::guest {

namespace {

PhysRange range(std::uint64_t start, std::uint64_t end) {
  return {PhysAddr{start}, PhysAddr{end}};
}

/// Disjoint ranges in order, each rounded outwards: kexec's segments may share a page at their edges.
std::vector<PhysRange> merged(std::vector<PhysRange> ranges, std::uint64_t granule) {
  KDT_ASSERT(granule > 0);
  for (auto& one : ranges)
    one = range(one.start.value / granule * granule, (one.end.value + granule - 1) / granule * granule);
  std::ranges::sort(ranges);
  std::vector<PhysRange> result;
  for (const auto& one : ranges) {
    if (!result.empty() && one.start <= result.back().end)
      result.back().end = std::max(result.back().end, one.end);
    else
      result.push_back(one);
  }
  return result;
}

ByteSize overlap(const PhysRange& a, const PhysRange& b) {
  const auto start = std::max(a.start, b.start), end = std::min(a.end, b.end);
  return start < end ? ByteSize{end.value - start.value} : ByteSize{};
}

std::vector<PhysRange> ranges_of(const std::vector<protocol::Segment>& segments) {
  std::vector<PhysRange> ranges;
  for (const auto& segment : segments) ranges.push_back(range(segment.start, segment.start + segment.size));
  return ranges;
}

void add(ByteSize& to, ByteSize size) {
  to = to + size;
}

} // namespace

std::optional<std::vector<PhysRange>> segments_of(const protocol::ProbeAnswer& probe,
                                                  const protocol::LoadAnswer& load) {
  if (probe.segments) return ranges_of(*probe.segments);
  if (!load.segments.empty()) return ranges_of(load.segments);
  return std::nullopt;
}

std::vector<PhysRange> invalid_parts(const protocol::Region& region) {
  std::vector<PhysRange> ranges;
  for (const auto& run : region.map)
    if (!run.valid) ranges.push_back(range(run.start, run.end));
  return ranges;
}

std::string Stores::word() const {
  if (landed.bytes == 0) return faulted.bytes == 0 ? "none" : "faults";
  return faulted.bytes == 0 ? "lands" : "mixed";
}

Protection protection(const protocol::ProbeAnswer& probe, const std::vector<PhysRange>& segments) {
  Protection result;
  if (probe.regions.empty()) return result;
  const auto parts = merged(segments, probe.linear_map.granule);
  for (const auto& region : probe.regions) {
    for (const auto& run : region.writes) {
      const PhysRange here = range(run.start, run.end);
      ByteSize inside;
      for (const auto& part : parts) add(inside, overlap(here, part));
      const bool landed = run.result == "landed";
      add(landed ? result.segments.landed : result.segments.faulted, inside);
      add(landed ? result.rest.landed : result.rest.faulted, here.size() - inside);
    }
  }
  return result;
}

std::map<std::string, ByteSize> mapping(const protocol::Region& region) {
  std::map<std::string, ByteSize> bytes;
  for (const auto& run : region.map) {
    const std::string level = (run.cont ? "cont" : "") + run.level;
    const std::string word = run.level == "none" ? "none" : run.valid ? level : "invalid";
    add(bytes[word], range(run.start, run.end).size());
  }
  return bytes;
}

bool base_pages_only(const protocol::Region& region) {
  return std::ranges::all_of(region.map, [](const auto& run) { return run.level == "pte" && !run.cont; });
}

bool base_pages_only(const protocol::LinearMap& map) {
  return std::ranges::all_of(map.levels, [&map](const auto& level) {
    const auto read_only = map.read_only.find(level.first);
    const auto writable = level.second - (read_only == map.read_only.end() ? 0 : read_only->second);
    return level.first == "pte" || level.first == "invalid" || writable == 0;
  });
}

} // namespace kdt::guest
