#pragma once

#include "cli/command.hpp"
#include "image/images.hpp"
#include "matrix/matrix.hpp"
#include "run/runner.hpp"

#include <memory>
#include <string>
#include <vector>

namespace kdt::cli {

/// --only and --skip, the same for every subcommand that takes cells.
struct SelectionOptions {
  std::vector<std::string> only{};
  std::vector<std::string> skip{};
  std::string shard{};              ///< "I/N"; empty: all
  std::string shard_by = "history"; ///< whose durations shards are balanced by

  void add_to(CLI::App& app);
};

/// The cells of some matrices, selected, with the rules that judge them.
struct Plan {
  std::vector<std::string> matrices{};                            ///< as given
  std::vector<std::unique_ptr<run::Expectations>> expectations{}; ///< one a matrix
  std::vector<run::PlannedCell> cells{};
  std::map<std::string, CellParameters> all{}; ///< every cell of the matrices by its id, selected or not
  std::map<std::string, Facts> kernel_facts{}; ///< of the kernels that the cells use, without building them
  std::optional<Shard> shard{};                ///< see keep_shard()

  /// As run.json names it: the matrices joined by spaces.
  std::string matrix_text() const;
};

/// Reads the matrices and everything they refer to; the selection's shard is not applied, see shard.hpp. With several
/// matrices, and with one that stands for others, ids are preceded by "name:". Kernels of the user's own take the place
/// of those that the matrices name, see matrix/own_kernels. Throws Error{usage}.
Plan make_plan(const std::vector<std::string>& matrices, const SelectionOptions& selection,
               const image::Images& images);

} // namespace kdt::cli
