#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kdt::report {

/// Characters of UTF-8, for terminals that show each in one column.
std::size_t width_of(std::string_view text);

/// How many rows a line of this width takes when a terminal of so many columns wraps it. columns 0: one.
std::size_t rows_of(std::size_t width, std::size_t columns);

/// The text cut to so many columns, with an ellipsis at its end or in its middle.
std::string cut_end(std::string_view text, std::size_t columns);
std::string cut_middle(std::string_view text, std::size_t columns);

/// The first lines of a text, as many as take so many rows, each cut to the columns (0: not cut). When not all of them
/// fit, the last row says how many more there are, and where: "… and 12 more lines: summary.md".
std::string first_rows(const std::string& text, std::size_t rows, std::size_t columns, std::string_view where);

} // namespace kdt::report
