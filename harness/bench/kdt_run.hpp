#pragma once

#include "bench/measured.hpp"
#include "model/cell.hpp"
#include "model/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::bench {

/// One call of kdt as a user makes it, and what it left behind.
struct KdtRun {
  Measured measured;
  RunResult result;
};

/// A matrix without rules: what a cell shows is not held against anything, so that all it takes is its own.
std::string matrix_text(const std::string& kernel, const std::string& axes, const std::string& defaults = "");

/// The cells of such a matrix.
std::vector<Cell> cells_of(const std::string& matrix);

/// Runs the matrix; nothing of it stays. Throws Error{infra} when a cell does not pass: its time would mean nothing.
KdtRun run_kdt(const std::filesystem::path& program, const std::string& matrix,
               const std::vector<std::string>& options = {});

/// A phase's seconds of a cell; 0 when it did not run.
double seconds_of(const CellResult& cell, Phase phase);

/// Whether kdt's --help for `run` names this option.
bool knows_option(const std::filesystem::path& program, const std::string& option);

} // namespace kdt::bench
