#pragma once

#include "model/cell.hpp"

#include <functional>
#include <string>
#include <vector>

namespace kdt::run {

/// A parameter in which two cells differ.
struct Difference {
  std::string parameter;
  std::string failing; ///< its value in the cell that fails
  std::string passing; ///< its value in the cell that passes
};

/// In the order of matrix::parameters().
std::vector<Difference> differences(const CellParameters& failing, const CellParameters& passing);

/// The failing cell with these differences set as in the passing one.
CellParameters with_passing(const CellParameters& failing, const std::vector<Difference>& differences);

/// What a cell did, seen from the failure that is looked into.
enum class Outcome {
  fails, ///< in the same way
  passes,
  other ///< something else went wrong, or no guest can be that cell
};

/// Tries a cell: the failing one with these differences set as in the passing one.
using Try = std::function<Outcome(const std::vector<Difference>& as_passing)>;

/// What was found out.
struct Minimum {
  std::vector<Difference> as_passing;  ///< the cell with these set still fails …
  std::vector<Difference> differences; ///< … and passes when these are set, too: the smallest that was found
  bool out_of_tries = false;           ///< it may become smaller still
};

/// Delta debugging (A. Zeller, R. Hildebrandt: Simplifying and isolating failure-inducing input, 2002, fig. 5, dd): the
/// smallest difference between a failing and a passing cell, given that the failing one fails and that it passes with
/// all differences set. Never tries the same cell twice, and at most so many.
Minimum minimize(const std::vector<Difference>& all, int most_tries, const Try& attempt);

} // namespace kdt::run
