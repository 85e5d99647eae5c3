#pragma once

#include "googletest/names.hpp"
#include "model/result.hpp"
#include "run/runner.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kdt::googletest {

/// Runs a cell; nullopt: the user asked to stop. May throw Error.
using RunCell = std::function<std::optional<CellResult>(const run::PlannedCell&)>;

/// Makes the running test's outcome of a cell's: pass is success; fail, xpass and error are failures that say whose
/// they are; skip and xfail are skips with their reason. Cell, verdict, blame and finding become properties of the
/// test.
void tell(const CellResult& result);

/// Registers each cell as a test of its own. What is passed outlives RUN_ALL_TESTS. file: the matrix, where failures
/// are said to be.
void register_cells(const std::vector<run::PlannedCell>& cells, const std::vector<TestName>& names,
                    const std::string& file, const RunCell& run_cell);

} // namespace kdt::googletest
