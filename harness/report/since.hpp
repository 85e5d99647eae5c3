#pragma once

#include "report/run_diff.hpp"

#include <string>

namespace kdt::report {

/// What run.json says of a comparison with an earlier run.
Since since_of(const RunDiff& diff, const RunResult& before);

inline constexpr const char* k_newly_broken = "newly broken";

/// k_newly_broken, "still broken" or "not judged any more" of a red cell in a run with a baseline; "": nothing to say.
std::string mark_of(const RunResult& run, const CellResult& cell);

/// "since RUN (2026-01-01T12:00:00Z): 1 newly broken, 2 fixed": one line; "": there is no baseline.
std::string since_line(const RunResult& run);

/// The same as a section of summary.md, with names; "": there is no baseline.
std::string since_markdown(const RunResult& run);

} // namespace kdt::report
