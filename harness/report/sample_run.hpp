#pragma once

#include "model/result.hpp"

namespace kdt::report {

/// For tests: a run with a cell of each verdict, as kdt leaves it.
RunResult sample_run();

/// For tests: a failed cell whose every text tries to break XML, JSON, Markdown, the shell or the terminal.
CellResult hostile_cell();

} // namespace kdt::report
