#include "run/canaries.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kdt::run {

namespace {

std::string range_text(std::uint64_t start, std::uint64_t end) {
  return fmt::format("{:#x}-{:#x}", start, end);
}

/// Pages as ranges, neighbours together.
std::vector<std::string> page_ranges(std::vector<std::uint64_t> pages, std::uint64_t page_size) {
  std::ranges::sort(pages);
  std::vector<std::string> ranges;
  for (std::size_t i = 0, next = 0; i < pages.size(); i = next) {
    for (next = i + 1; next < pages.size() && pages[next] == pages[next - 1] + page_size;) ++next;
    ranges.push_back(range_text(pages[i], pages[next - 1] + page_size));
  }
  return ranges;
}

std::vector<std::string> iomem_ranges(const std::vector<protocol::IomemRange>& iomem, std::string_view name) {
  std::vector<std::string> ranges;
  for (const auto& range : iomem)
    if (range.name == name) ranges.push_back(range_text(range.start, range.last + 1));
  return ranges;
}

std::uint64_t hexadecimal(std::string_view text, std::string_view whole) {
  std::uint64_t value = 0;
  auto digits = text.starts_with("0x") ? text.substr(2) : std::string_view();
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size())
    throw Error(Blame::usage, "'{}' is no range of addresses", whole);
  return value;
}

} // namespace

const std::vector<std::string>& canary_kinds() {
  static const std::vector<std::string> k_kinds{"kernel", "zero", "slab", "free", "cache", "user"};
  return k_kinds;
}

std::uint64_t canary_key(const std::string& nonce) {
  std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a: any text is a nonce
  for (unsigned char c : nonce) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

void observe_canaries(const protocol::CanariesAnswer& answer, std::uint64_t page_size, Facts& observed) {
  for (const auto& kind : canary_kinds()) {
    std::vector<std::uint64_t> pages;
    for (const auto& canary : answer.canaries)
      if (canary.kind == kind) pages.push_back(canary.address);
    observed["canary." + kind] = page_ranges(std::move(pages), page_size);
  }
  std::vector<std::string> away;
  for (const auto& canary : answer.canaries) {
    if (canary.kind != "kernel" || !canary.near || *canary.near == canary.address) continue;
    auto distance = std::max(*canary.near, canary.address) - std::min(*canary.near, canary.address);
    away.push_back(fmt::format("{:#x}: {:#x}, {} away", *canary.near, canary.address, to_string(ByteSize{distance})));
  }
  observed["canary.away"] = away;
  observed["canary.missing"] = answer.missing;
  observed["canary.seconds"] = answer.seconds;
  observed["panic.system_ram"] = iomem_ranges(answer.iomem, "System RAM");
  observed["panic.crash_regions"] = iomem_ranges(answer.iomem, "Crash kernel");
}

std::vector<std::string> unplanted_kinds(const protocol::CanariesAnswer& answer) {
  std::vector<std::string> kinds;
  for (const auto& kind : canary_kinds())
    if (std::ranges::find(answer.canaries, kind, &protocol::Canary::kind) == answer.canaries.end())
      kinds.push_back(kind);
  return kinds;
}

std::vector<PhysRange> observed_ranges(const Facts& observed, std::string_view name) {
  const auto* value = find(observed, name);
  const auto* lines = value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
  std::vector<PhysRange> ranges;
  if (lines == nullptr) return ranges;
  for (const std::string_view line : *lines) {
    auto dash = std::min(line.find('-'), line.size());
    PhysRange range{{hexadecimal(line.substr(0, dash), line)},
                    {hexadecimal(line.substr(std::min(dash + 1, line.size())), line)}};
    if (range.end < range.start) throw Error(Blame::usage, "'{}' ends before it starts", line);
    ranges.push_back(range);
  }
  return ranges;
}

} // namespace kdt::run
