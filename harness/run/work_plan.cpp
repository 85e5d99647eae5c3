#include "run/work_plan.hpp"

#include "run/need.hpp"

#include <algorithm>
#include <set>

namespace kdt::run {

namespace {

/// Of the cells that are not nullptr.
TemplatePlan templates_of(const std::vector<const Cell*>& unfinished, const RunOptions& options,
                          const Backend& backend) {
  bool fork = options.templates && backend.can_fork;
  return plan_templates(fork ? unfinished : std::vector<const Cell*>(unfinished.size()));
}

} // namespace

WorkPlan plan_work(const std::vector<PlannedCell>& cells, const RunOptions& options, const Backend& backend,
                   const HostMemory& host, Learnt& learnt) {
  std::set<std::string> finished;
  for (const auto& result : options.finished) finished.insert(result.cell.id);
  std::vector<const Cell*> unfinished;
  for (const auto& planned : cells) unfinished.push_back(finished.contains(planned.cell.id) ? nullptr : &planned.cell);

  WorkPlan plan{.templates = templates_of(unfinished, options, backend)};
  auto largest = backend.largest.value_or(host_memory_budget({.total = host.total, .available = host.total}));
  auto accelerator = backend.accelerator;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (unfinished[i] == nullptr) continue;
    const auto& parameters = unfinished[i]->parameters;
    auto need = learnt.better(first_guess(parameters, accelerator), cell_class(parameters, accelerator),
                              size_class(parameters, accelerator));
    // What was learnt carries a margin of a tenth, which must not keep a cell out that has run here before.
    bool fits = need.memory.bytes / 11 * 10 <= largest.bytes;
    if (fits) need.memory = std::min(need.memory, largest);
    Job job{.index = i, .kernel = parameters.kernel, .need = need};
    if (auto group = plan.templates.group_of[i]) {
      job.group = group;
      job.cold_memory = need.memory;
      auto kind = fork_class(plan.templates.groups[*group].after);
      job.need =
          learnt.better(need, cell_class(parameters, accelerator) + kind, size_class(parameters, accelerator) + kind);
      job.need.memory = job.need.memory + fork_growth(parameters, largest);
    }
    (fits ? plan.jobs : plan.never).push_back(job);
  }
  return plan;
}

std::optional<Measured> measured(const CellResult& result, machine::Accelerator accelerator) {
  const auto* peak = find(result.observed, "host.peak_memory");
  bool typical = result.verdict == Verdict::pass || result.verdict == Verdict::xfail;
  if (!typical || peak == nullptr) return std::nullopt;
  const auto& parameters = result.cell.parameters;
  auto kind = result.fork ? fork_class(result.fork->after) : "";
  return Measured{.cell_class = cell_class(parameters, accelerator) + kind,
                  .size_class = size_class(parameters, accelerator) + kind,
                  .seconds = result.seconds.count(),
                  .memory = {static_cast<std::uint64_t>(std::get<std::int64_t>(*peak))}};
}

} // namespace kdt::run
