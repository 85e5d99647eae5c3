#pragma once

#include "report/differences.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kdt::report {

/// What changed from one run to a later one, by the names of experiments, and of kernels that are called differently
/// by what is left without them.
struct RunDiff {
  /// A kernel that only the new run has, and the one of the old run that it is held against: the two when each run has
  /// one; of several the first that only the old run has, with the same zone_dma. Where the runs share some, that is
  /// done with the user's own kernels alone: the others of a catalogue are what they are called.
  std::map<std::string, std::string> partners{};
  std::vector<std::string> newly_broken{}; ///< fail or xpass now, and not before
  std::vector<std::string> still_broken{}; ///< fail or xpass now and before, or error now and before
  std::vector<std::string> not_judged{};   ///< error now, and not before: nothing was learnt about the kernel
  std::vector<std::string> fixed{};        ///< fail, xpass or error before, and as expected now
  std::vector<std::string> slower{};       ///< boot or save, beyond the noise
  std::vector<std::string> fresh{};        ///< in the new run only
  std::vector<std::string> gone{};         ///< in the old run only
  std::vector<std::pair<std::string, std::vector<Change>>> changed{}; ///< of those in both
  std::size_t same = 0;                                               ///< experiments without any change
  PairTimes times{};                                                  ///< of those in both
};

RunDiff diff_runs(const RunResult& before, const RunResult& after);

/// 1 when something is newly broken, else 3 when something was not judged any more, else 0.
int exit_status(const RunDiff& diff);

/// For a terminal.
std::string diff_text(const RunDiff& diff, const RunResult& before, const RunResult& after);

/// One object: old, new (run ids), partners (kernel of the new run → of the old), newly_broken, still_broken,
/// not_judged, fixed, slower, new_cells, gone_cells, changes, same.
nlohmann::ordered_json diff_json(const RunDiff& diff, const RunResult& before, const RunResult& after);

} // namespace kdt::report
