#pragma once

#include "model/cell.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::matrix {

/// One name that axes, defaults, include and --only may set: how its text is checked, stored, and read back.
struct Parameter {
  std::string_view name;
  std::string_view meaning; ///< one sentence
  /// Stores the text; returns what is wrong with it, ready to follow "memory: ", or nullopt.
  std::optional<std::string> (*set)(CellParameters& cell, const std::string& text);
  /// The stored value in one canonical notation, so that 2048M and 2G compare equal.
  std::string (*get)(const CellParameters& cell);
};

/// Every parameter; the order is that of CellParameters.
std::span<const Parameter> parameters();

/// By name; filter, compression, format, target, threads and split mean dump.filter and so on. nullptr: there is none.
const Parameter* find_parameter(std::string_view name);

/// Names for suggestions.
std::vector<std::string> parameter_names();

/// The canonical notation of a text, or nullopt when the parameter refuses it.
std::optional<std::string> canonical(const Parameter& parameter, const std::string& text);

} // namespace kdt::matrix
