#pragma once

#include "base/file.hpp"
#include "model/result.hpp"

#include <string>

namespace kdt::cli {

/// A run directory's run, or that of a run.json. A run that still goes on, or was killed, is what its journal holds.
/// Throws Error{usage}.
RunResult read_run(const fs::path& place);

/// run.json, junit.xml, summary.md and report.html in the run directory. baseline: an earlier run that the page is
/// compared with; nullptr: none. Throws Error{infra}.
void write_results(const RunResult& run, const fs::path& directory, const RunResult* baseline);

/// This host's history: $KDT_HISTORY, else history.sqlite in the cache.
fs::path history_file();

/// Puts the run into this host's history, run/history.hpp. A history that cannot be kept is a warning.
void remember(const RunResult& run, const fs::path& directory, bool resumed);

} // namespace kdt::cli
