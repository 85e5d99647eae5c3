#pragma once

#include "model/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::report {

/// What a figure counts, and so how people read it: "1.02M", "42%", "0.61", "113".
enum class Unit { bytes, share, seconds, count };

/// "bytes", "share", "seconds", "count".
std::string_view word_of(Unit unit);

/// Three digits; bytes in powers of 1024, as page tables come.
std::string show(Unit unit, double value);

/// One figure of a cell: what protection costs in time or memory.
struct Figure {
  std::string title;
  std::string note; ///< a sentence
  Unit unit;
  bool matters = false;                                            ///< else only where there is room for every table
  std::function<std::optional<double>(const CellResult&)> of = {}; ///< nullopt: the cell did not observe it
};

/// All of them, in the order in which reports show them.
std::vector<Figure> figures();

/// An observation as a number; nullopt when it is none or was not made.
std::optional<double> number(const CellResult& cell, std::string_view observation);

} // namespace kdt::report
