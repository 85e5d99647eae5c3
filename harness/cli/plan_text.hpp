#pragma once

#include "matrix/rules.hpp"
#include "model/cell.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace kdt::cli {

/// A cell before it runs: what is expected of it, and by which rules.
struct PlannedText {
  const Cell& cell;
  const Facts& facts; ///< completed by the rules
  const matrix::Rules& rules;
};

/// The cell's id, then each rule that applies or may apply: its id, because, source, what it takes for granted or
/// expects, and on which observations that depends. Lines of at most 100 columns, unless a word is longer.
std::string plan_text(const PlannedText& plan);

/// The same as one JSON object.
nlohmann::ordered_json plan_json(const PlannedText& plan);

} // namespace kdt::cli
