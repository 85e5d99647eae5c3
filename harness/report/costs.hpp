#pragma once

#include "model/result.hpp"
#include "report/table.hpp"

#include <vector>

namespace kdt::report {

/// What each setting (kernel, rodata=, crashkernel=) makes of the crash region: where it is reserved, how it and the
/// rest of the linear map are mapped, and which stray writes fault; by memory size where that matters. No rows when no
/// cell came far enough to see any of it.
Table protection_table(const RunResult& run);

/// What that costs: for each quantity a table of settings against memory sizes, medians over repeats and over whatever
/// else the cells differ in. Only quantities that a cell observed. every: else only the ones that matter most.
std::vector<Table> cost_tables(const RunResult& run, bool every);

/// All of it for a terminal, "" when nothing was observed; and as a section of summary.md.
std::string costs_text(const RunResult& run);
std::string costs_markdown(const RunResult& run);

} // namespace kdt::report
