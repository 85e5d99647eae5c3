#pragma once

#include "cli/plan.hpp"
#include "machine/machine.hpp"

#include <map>
#include <string>
#include <vector>

namespace kdt::cli {

/// "I/N". Throws Error{usage}.
struct ShardWords {
  unsigned index = 1; ///< from 1
  unsigned count = 1;
};
ShardWords parse_shard(const std::string& text);

/// Who takes what, so that all have about the same: the longest first, each to the shard that has least so far. For
/// each item its shard, from 0. The same for everybody who has the same figures.
std::vector<unsigned> share_out(const std::vector<double>& seconds, unsigned count);

/// What the plan's cells will take: what was recorded, and else the forecast, at the pace of what was recorded. By
/// experiment; under KVM, a cell of more than two CPUs takes the time of several.
std::vector<double> expected_seconds(const std::vector<run::PlannedCell>& cells,
                                     const std::map<std::string, double>& recorded, machine::Accelerator accelerator);

/// Leaves the cells of the selection's shard in the plan, if it names one, and notes which these are. history: this
/// host's. Throws Error{usage}.
void keep_shard(Plan& plan, const SelectionOptions& selection, const std::filesystem::path& history);

/// The same for a run that is resumed: its shard stays as it was cut. words: --shard of now; "": not given.
/// Throws Error{usage} when that is another one.
void keep_recorded_shard(Plan& plan, const Shard& shard, const std::string& words);

} // namespace kdt::cli
