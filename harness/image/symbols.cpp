#include "image/symbols.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace kdt::image {

namespace {

struct MapLine {
  std::uint64_t address = 0;
  char type = 0;
  std::string_view name;
};

/// "ffff800008010000 T _stext"
std::optional<MapLine> read_line(std::string_view line) {
  constexpr std::size_t k_digits = 16;
  if (line.size() < k_digits + 4 || line[k_digits] != ' ' || line[k_digits + 2] != ' ') return std::nullopt;
  MapLine found{.type = line[k_digits + 1], .name = line.substr(k_digits + 3)};
  auto [end, error] = std::from_chars(line.data(), line.data() + k_digits, found.address, 16);
  if (error != std::errc() || end != line.data() + k_digits) return std::nullopt;
  return found;
}

} // namespace

Symbols::Symbols(const std::filesystem::path& system_map) {
  auto text = read_file(system_map);
  std::vector<MapLine> lines;
  std::optional<std::uint64_t> begin;
  std::optional<std::uint64_t> end;
  for (std::string_view rest = text; !rest.empty();) {
    auto newline = std::min(rest.find('\n'), rest.size());
    auto line = read_line(rest.substr(0, newline));
    rest.remove_prefix(std::min(newline + 1, rest.size()));
    if (!line) continue;
    if (line->name == "_text") begin = line->address;
    if (line->name == "_end") end = line->address;
    lines.push_back(*line);
  }
  if (!begin || !end || *end <= *begin) throw Error(Blame::infra, "{}: no System.map", system_map.string());
  text_ = *begin;
  size_ = *end - *begin;
  for (const auto& line : lines)
    if (line.address >= *begin && line.address < *end)
      symbols_.push_back({line.address - *begin, std::string(line.name),
                          std::string_view("tTwW").find(line.type) != std::string_view::npos});
  std::ranges::stable_sort(symbols_, {}, &Symbol::distance);
}

std::optional<std::string> Symbols::at(std::uint64_t distance) const {
  auto after = std::ranges::upper_bound(symbols_, distance, {}, &Symbol::distance);
  if (distance >= size_ || after == symbols_.begin()) return std::nullopt;
  const auto& symbol = *std::prev(after);
  // Several names may share an address: the first of them that is code.
  auto first = std::ranges::lower_bound(symbols_, symbol.distance, {}, &Symbol::distance);
  auto code = std::find_if(first, after, [](const Symbol& one) { return one.code; });
  if (code == after) return std::nullopt;
  return fmt::format("{}+{:#x}", code->name, distance - code->distance);
}

std::optional<std::uint64_t> Symbols::address(std::string_view name) const {
  auto found = std::ranges::find(symbols_, name, &Symbol::name);
  return found == symbols_.end() ? std::nullopt : std::optional(text_ + found->distance);
}

} // namespace kdt::image
