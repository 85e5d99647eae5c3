#include "console/pattern_index.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace kdt::console {

namespace {

constexpr std::string_view k_wildcards = "*?";

/// The longest run without a wildcard.
std::string_view longest_literal(std::string_view pattern) {
  std::string_view longest;
  while (!pattern.empty()) {
    auto end = std::min(pattern.find_first_of(k_wildcards), pattern.size());
    if (end > longest.size()) longest = pattern.substr(0, end);
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
  return longest;
}

bool holds(std::string_view line, std::string_view literal) {
  if (literal.empty()) return true; // memmem() wants no null pointer
  return ::memmem(line.data(), line.size(), literal.data(), literal.size()) != nullptr;
}

std::size_t byte(char c) {
  return static_cast<unsigned char>(c);
}

} // namespace

void PatternIndex::add(std::string_view pattern, std::size_t rank) {
  auto prefix = pattern.substr(0, pattern.find_first_of(k_wildcards));
  if (prefix.empty())
    anywhere_.push_back({pattern, longest_literal(pattern), rank});
  else
    by_first_byte_.at(byte(prefix.front())).push_back({pattern, prefix, rank});
}

std::optional<std::size_t> PatternIndex::lowest(std::string_view line) const {
  constexpr auto k_none = std::numeric_limits<std::size_t>::max();
  auto lowest = k_none;
  if (!line.empty())
    for (const auto& entry : by_first_byte_[byte(line.front())])
      if (line.starts_with(entry.literal) && glob_matches(entry.pattern, line)) {
        lowest = entry.rank;
        break;
      }
  for (const auto& entry : anywhere_) {
    if (entry.rank >= lowest) break;
    if (!holds(line, entry.literal) || !glob_matches(entry.pattern, line)) continue;
    lowest = entry.rank;
    break;
  }
  return lowest == k_none ? std::nullopt : std::optional(lowest);
}

} // namespace kdt::console
