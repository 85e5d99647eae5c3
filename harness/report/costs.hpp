#pragma once

#include "model/result.hpp"
#include "report/table.hpp"

#include <vector>

namespace kdt::report {

/// What each setting (kernel, rodata=, crashkernel=) makes of the crash region: where it is reserved, how it and the
/// rest of the linear map are mapped, and which stray writes fault; by memory size where that matters. No rows when no
/// cell came far enough to see any of it.
Table protection_table(const RunResult& run);

/// What that costs: for each quantity that matters most and that a cell observed, a table of settings against memory
/// sizes, medians over repeats and over whatever else the cells differ in.
std::vector<Table> cost_tables(const RunResult& run);

/// The tables of a summary page: those to see first, by kernel and rodata= (medians over crashkernel=, too), and what
/// else there is, by crashkernel=, too. No quantity is told twice where the cells of one rodata= have one crashkernel=.
struct CostPages {
  std::vector<Table> first;
  std::vector<Table> rest;
};
CostPages cost_pages(const RunResult& run);

/// All of it for a terminal, "" when nothing was observed; and as a section of summary.md, the rest of the tables
/// folded.
std::string costs_text(const RunResult& run);
std::string costs_markdown(const RunResult& run);

} // namespace kdt::report
