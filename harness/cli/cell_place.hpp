#pragma once

#include "model/result.hpp"
#include "run/recipe.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::cli {

/// A cell that was run before, and where it lies.
struct CellPlace {
  std::filesystem::path directory;
  CellResult result; ///< what it showed
  run::Recipe recipe;
};

/// Where runs are made when nobody says where.
inline constexpr const char* k_runs = "runs";

/// k_runs/TIME-NAME, which is not there yet.
std::string new_run_directory(const std::string& name);

/// The run directories below k_runs, the one that was written to last first.
std::vector<std::filesystem::path> recent_runs();

/// `what` is the directory of a cell, or the id of one: of this run, or (run empty) of the last run that has such a
/// cell. Throws Error{usage} with the nearest id.
CellPlace find_cell(const std::string& what, const std::filesystem::path& run);

} // namespace kdt::cli
