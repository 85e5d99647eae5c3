#include "report/columns.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::report {

namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Where the character with this number begins.
std::size_t offset_of(std::string_view text, std::size_t character) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!continues(text[i]) && character-- == 0) return i;
  return text.size();
}

} // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

std::string cut_end(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  return std::string(text.substr(0, offset_of(text, columns - 1))) + "…";
}

std::string cut_middle(std::string_view text, std::size_t columns) {
  auto width = width_of(text);
  if (width <= columns) return std::string(text);
  if (columns < 3) return cut_end(text, columns);
  auto before = (columns - 1) / 2;
  auto after = columns - 1 - before;
  return fmt::format("{}…{}", text.substr(0, offset_of(text, before)), text.substr(offset_of(text, width - after)));
}

std::string first_rows(const std::string& text, std::size_t rows, std::size_t columns, std::string_view where) {
  auto lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  auto shown = lines.size() <= rows ? lines.size() : rows - std::min<std::size_t>(rows, 1);
  std::string first;
  for (std::size_t i = 0; i < shown; ++i) first += (columns > 0 ? cut_end(lines[i], columns) : lines[i]) + "\n";
  auto left = lines.size() - shown;
  if (left > 0) first += fmt::format("… and {} more line{}: {}\n", left, left == 1 ? "" : "s", where);
  return first;
}

std::size_t rows_of(std::size_t width, std::size_t columns) {
  return columns == 0 || width == 0 ? 1 : (width + columns - 1) / columns;
}

} // namespace kdt::report
