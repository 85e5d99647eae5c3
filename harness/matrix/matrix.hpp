#pragma once

#include "matrix/parameters.hpp"
#include "model/cell.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kdt::matrix {

/// One value of one parameter.
struct Setting {
  const Parameter* parameter;
  std::string text;      ///< as written; the words of a list joined by spaces
  std::string canonical; ///< as Parameter::get says it
  std::string place;     ///< file:line:column
};

struct Axis {
  const Parameter* parameter;
  std::vector<Setting> values; ///< at least one, all different
};

/// Cells in which every named parameter has one of these values do not exist.
struct Exclusion {
  struct Condition {
    const Parameter* parameter;
    std::vector<std::string> any_of; ///< canonical
  };
  std::vector<Condition> conditions;
};

/// One more cell: defaults, then these settings.
struct Inclusion {
  std::vector<Setting> settings;
  std::string place; ///< file:line:column
};

/// all: every combination; pairwise: every pair of values of two axes, in as few cells as a greedy search finds.
enum class Cover { all, pairwise };

/// A matrix file, checked, not yet expanded.
struct Matrix {
  std::filesystem::path path;
  std::string name; ///< the file's stem when it gives none
  std::string description;
  std::vector<std::string> kernels; ///< the names that cells may use
  CellParameters defaults;
  std::map<const Parameter*, std::string> default_places{}; ///< file:line:column of what `defaults` sets
  std::vector<Axis> axes;                                   ///< in declared order
  std::vector<Exclusion> exclude;
  std::vector<Inclusion> include;
  Cover cover = Cover::all;
  std::vector<std::filesystem::path> expectations; ///< beside the matrix file
  std::vector<std::filesystem::path> known_issues;
  bool twins_are_one = false; ///< its kernels were replaced: an include that is a cell of the product is no mistake
  std::string exclude_place;  ///< file:line:column, for an error found by expand()
};

/// The most cells that a product of axes may have before it is taken for a mistake.
inline constexpr std::size_t k_most_cells = 1'000'000;

/// The matrix files that a file stands for: those that its `matrices:` names, beside it and in their order, or the file
/// itself. Throws Error{usage} with file:line:column: for other keys beside it, and for a file that names others again.
std::vector<std::filesystem::path> matrix_files(const std::filesystem::path& path);

/// Reads and checks a matrix file. known_kernels: names that exist, empty to accept any.
/// Throws Error{usage} "file:line:column: what is wrong (did you mean …?)".
Matrix load_matrix(const std::filesystem::path& path, const std::vector<std::string>& known_kernels);

} // namespace kdt::matrix
