#pragma once

#include "model/result.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kdt::run {

/// Throws Error{usage} when a new run would write over what is there: an earlier run, or anything that is not kdt's.
void require_free(const std::filesystem::path& directory);

/// What --resume finds.
struct EarlierRun {
  std::vector<CellResult> finished{}; ///< these cells need not run again: their verdict is about the kernel
  std::size_t changed = 0;            ///< cells of which the matrix says something else now: they run again
  std::size_t gone = 0;               ///< cells that the matrix does not hold any more: they are left out
};

/// The run in this directory, against all cells of the matrix, by id, selected or not. Errors and skips are asked
/// again. matrix: as in RunResult, compared by file names. Throws Error{usage} when there is no run, or one of another
/// matrix.
EarlierRun earlier_run(const std::filesystem::path& directory, const std::string& matrix,
                       const std::map<std::string, CellParameters>& cells);

/// A run that is resumed must not mix guests of two backends or accelerators, whose times and memory are not the same.
/// finished: what earlier_run() found; backend, accelerator: of now, as in CellResult. Throws Error{usage}.
void refuse_other_backend(const std::filesystem::path& directory, const std::vector<CellResult>& finished,
                          const std::string& backend, const std::string& accelerator);

} // namespace kdt::run
