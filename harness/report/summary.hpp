#pragma once

#include "base/file.hpp"
#include "model/result.hpp"

#include <string>

namespace kdt::report {

struct SummaryOptions {
  bool colour = false;
  std::size_t columns = 0;    ///< of the terminal; 0: sentences are not cut
  std::size_t rows = 24;      ///< cells that do not fit are counted by their code
  std::string directory = {}; ///< the run directory, named at the end; empty: not named
};

/// The end of a run on the terminal: totals, then each unexpected cell with its phase, blame and sentence and the
/// command that runs it again. Fits a screen, however many cells failed.
std::string summary(const RunResult& run, const SummaryOptions& options = {});

/// The same, what protection costs, and every cell, in Markdown, for a CI system's summary page.
std::string summary_markdown(const RunResult& run);

/// Throws Error{infra}.
void write_summary_md(const RunResult& run, const fs::path& file);

} // namespace kdt::report
