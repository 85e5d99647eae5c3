#include "base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace kdt {

namespace {
constexpr std::string_view k_suffixes = "KMGTPE"; // lib/cmdline.c:memparse() knows these six

std::optional<unsigned> shift_of(char suffix) {
  auto index = k_suffixes.find(static_cast<char>(suffix & ~0x20));
  if (index == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(10 * (index + 1));
}
} // namespace

std::optional<ByteSize> parse_byte_size(std::string_view text) {
  std::uint64_t number = 0;
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (rest.empty()) return ByteSize{number};
  auto shift = rest.size() == 1 ? shift_of(rest[0]) : std::nullopt;
  if (!shift || (number >> (64 - *shift)) != 0) return std::nullopt;
  return ByteSize{number << *shift};
}

std::string to_string(ByteSize size) {
  if (size.bytes == 0) return "0";
  for (int i = static_cast<int>(k_suffixes.size()) - 1; i >= 0; --i) {
    unsigned shift = 10 * (static_cast<unsigned>(i) + 1);
    if ((size.bytes & ((std::uint64_t{1} << shift) - 1)) == 0)
      return fmt::format("{}{}", size.bytes >> shift, k_suffixes[static_cast<std::size_t>(i)]);
  }
  return std::to_string(size.bytes);
}

std::string human(ByteSize size) {
  static constexpr std::array<std::string_view, 5> units{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(size.bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", size.bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string to_string(PhysAddr address) {
  return fmt::format("{:#x}", address.value);
}

} // namespace kdt
