#include "canary_places.hpp"

#include <algorithm>
#include <set>

namespace kdt::agent {

namespace {

constexpr std::uint64_t k_4g = std::uint64_t{1} << 32;
constexpr unsigned k_spread = 8; // parts of a span; a canary between each two

bool contains(const Span& span, std::uint64_t address) {
  return span.from <= address && address < span.to;
}

/// Those that overlap as one: what a crash region gave back is listed as System RAM in System RAM (kernel/crash_core.c,
/// crash_shrink_memory(); before v6.5 kernel/kexec_core.c).
std::vector<Span> merged(const std::vector<Span>& sorted) {
  std::vector<Span> spans;
  for (const auto& span : sorted)
    if (!spans.empty() && span.from < spans.back().to)
      spans.back().to = std::max(spans.back().to, span.to);
    else
      spans.push_back(span);
  return spans;
}

/// What is left of the spans without this one.
std::vector<Span> without(const std::vector<Span>& spans, const Span& taken) {
  std::vector<Span> left;
  for (const auto& span : spans) {
    const Span below{span.from, std::min(span.to, taken.from)}, above{std::max(span.from, taken.to), span.to};
    if (below.from < below.to) left.push_back(below);
    if (above.from < above.to) left.push_back(above);
  }
  return left;
}

} // namespace

std::vector<Span> dumped_memory(const std::vector<protocol::IomemRange>& iomem, std::uint64_t page_size) {
  const auto up = [page_size](std::uint64_t address) { return (address + page_size - 1) / page_size * page_size; };
  std::vector<Span> memory;
  for (const auto& range : iomem)
    if (range.name == "System RAM") memory.push_back({up(range.start), (range.last + 1) / page_size * page_size});
  std::erase_if(memory, [](const Span& span) { return span.from >= span.to; });
  std::sort(memory.begin(), memory.end(), [](const Span& a, const Span& b) { return a.from < b.from; });
  memory = merged(memory);
  for (const auto& range : iomem) // since v6.7 a crash region need not end on a page
    if (range.name == "Crash kernel")
      memory = without(memory, {range.start / page_size * page_size, up(range.last + 1)});
  return memory;
}

std::vector<Place> canary_places(const std::vector<Span>& memory, std::uint64_t page_size) {
  std::vector<Place> places;
  for (const auto& span : memory) {
    std::set<std::uint64_t> near{span.from, span.to - page_size};
    for (const auto side : {k_4g - page_size, k_4g})
      if (contains(span, side)) near.insert(side);
    const auto part = (span.to - span.from) / k_spread / page_size * page_size;
    for (unsigned i = 1; i < k_spread; ++i) near.insert(span.from + i * part);
    for (const auto address : near) places.push_back({"kernel", address, span});
    // Not where those of the kernel's are: their blocks are no longer whole.
    places.push_back({"zero", span.from + part / 2 / page_size * page_size, span});
    for (const unsigned i : {2, 4, 6})
      places.push_back({"free", span.from + i * part + part / 2 / page_size * page_size, span});
  }
  return places;
}

} // namespace kdt::agent
