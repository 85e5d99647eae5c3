#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace kdt::console {

/// Many globs of which few come into question for a line: nearly every line of a console is innocent, and trying a
/// hundred patterns on each would be most of what reading a console takes. The patterns' texts outlive it.
class PatternIndex {
public:
  /// Of the patterns that match a line the one with the lowest rank counts. Patterns come in ascending order of rank.
  void add(std::string_view pattern, std::size_t rank);

  /// The lowest rank of a pattern that matches the whole line; nullopt: none does.
  std::optional<std::size_t> lowest(std::string_view line) const;

private:
  struct Entry {
    std::string_view pattern;
    std::string_view literal; ///< a line that matches begins with it, or holds it
    std::size_t rank;
  };

  std::array<std::vector<Entry>, 256> by_first_byte_;
  std::vector<Entry> anywhere_; ///< patterns that begin with a wildcard
};

} // namespace kdt::console
