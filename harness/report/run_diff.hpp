#pragma once

#include "report/differences.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <utility>
#include <vector>

namespace kdt::report {

/// What changed from one run to a later one, by the names of experiments. Runs of one kernel each are compared although
/// the two are called differently.
struct RunDiff {
  std::vector<std::string> newly_broken{}; ///< fail or xpass now, and not before
  std::vector<std::string> still_broken{}; ///< fail or xpass now and before, or error now and before
  std::vector<std::string> not_judged{};   ///< error now, and not before: nothing was learnt about the kernel
  std::vector<std::string> fixed{};        ///< fail, xpass or error before, and as expected now
  std::vector<std::string> slower{};       ///< boot or save, beyond the noise
  std::vector<std::string> fresh{};        ///< in the new run only
  std::vector<std::string> gone{};         ///< in the old run only
  std::vector<std::pair<std::string, std::vector<Change>>> changed{}; ///< of those in both
  std::size_t same = 0;                                               ///< experiments without any change
};

RunDiff diff_runs(const RunResult& before, const RunResult& after);

/// 1 when something is newly broken, else 3 when something was not judged any more, else 0.
int exit_status(const RunDiff& diff);

/// For a terminal.
std::string diff_text(const RunDiff& diff, const RunResult& before, const RunResult& after);

/// One object: old, new (run ids), newly_broken, still_broken, not_judged, fixed, slower, new_cells, gone_cells,
/// changes, same.
nlohmann::ordered_json diff_json(const RunDiff& diff, const RunResult& before, const RunResult& after);

} // namespace kdt::report
