#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::fuzz {

/// A part of kdt that reads bytes which a guest, a dump or another program made. None may crash, hang or grow without
/// bound, whatever the bytes are.
struct Parser {
  std::string_view name;
  /// Feeds it; true when it made sense of them. What it throws or KDT_ASSERTs beyond that is a defect.
  bool (*feed)(std::string_view bytes);
  /// Inputs that it understands, to begin with; made by hand, so that no dump has to be kept.
  std::vector<std::string> (*seeds)();
};

std::span<const Parser> parsers();

/// The first byte chooses the parser, the rest is its input: so one program fuzzes all.
bool feed_any(std::string_view bytes);

/// The seeds of all parsers, each with its first byte.
std::vector<std::string> all_seeds();

} // namespace kdt::fuzz
