#pragma once

#include "model/flakes.hpp"

#include <string>

namespace kdt::report {

/// How often cells failed that ran several times, in at most so many lines: those that the kernel or the infrastructure
/// lost at least once, the flaky ones first. "": no cell ran twice. Shares come with their confidence interval of 95 %.
std::string repeats_text(const RunResult& run, std::size_t most_lines);

/// All of them as a section of summary.md; "": no cell ran twice.
std::string repeats_markdown(const RunResult& run);

} // namespace kdt::report
