#pragma once

#include "run/learnt.hpp"
#include "run/runner.hpp"
#include "run/scheduler.hpp"
#include "run/template_plan.hpp"

#include <optional>
#include <vector>

namespace kdt::run {

/// What there is to do in a run, before anything starts: of the cells that have not finished which share a boot, and
/// what each takes of the host.
struct WorkPlan {
  TemplatePlan templates{};
  std::vector<Job> jobs{};  ///< in the order of the cells
  std::vector<Job> never{}; ///< jobs that take more memory than the host has at all
};

/// host: as it was when the run began.
WorkPlan plan_work(const std::vector<PlannedCell>& cells, const RunOptions& options, const Backend& backend,
                   const HostMemory& host, Learnt& learnt);

/// What a cell took, for the plan of later runs; nullopt: a cell that went wrong ended early or waited for a deadline,
/// and tells nothing of others.
std::optional<Measured> measured(const CellResult& result, machine::Accelerator accelerator);

} // namespace kdt::run
