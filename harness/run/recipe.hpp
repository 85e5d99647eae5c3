#pragma once

#include "run/cell_runner.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::run {

/// What it takes, beside cell.json, to run a cell again: recipe.json in its directory.
struct Recipe {
  image::KernelImage kernel;
  RuleFiles rules;
  std::string matrix;                      ///< as it was given on the command line
  std::vector<std::string> kernel_options; ///< the words by which the user named kernels of his own
  std::string emulator_version;
  double timeout_scale = 1;
};

inline constexpr const char* k_recipe_file = "recipe.json";

/// The text of recipe.json, by reports/schema/recipe.schema.json. Paths are written as they are.
std::string recipe_json(const Recipe& recipe);

/// Reads DIRECTORY/recipe.json; paths in it are relative to the directory. Throws Error{usage} that names the file and
/// what is wrong in it, or says that there is none.
Recipe read_recipe(const std::filesystem::path& directory);

/// Reads DIRECTORY/cell.json, of a cell that ended. Throws Error{usage}.
CellResult read_cell(const std::filesystem::path& directory);

} // namespace kdt::run
