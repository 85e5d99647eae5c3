#pragma once

#include "model/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::run {

/// Throws Error{usage} when a new run would write over what is there: an earlier run, or anything that is not kdt's.
void require_free(const std::filesystem::path& directory);

/// The cells of the run in this directory that --resume need not run again: those whose verdict is about the kernel.
/// Errors and skips are asked again. Throws Error{usage} when there is no run, or one of another matrix.
std::vector<CellResult> finished_cells(const std::filesystem::path& directory, const std::string& matrix);

} // namespace kdt::run
