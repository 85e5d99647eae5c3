#include "report/run_diff.hpp"

#include "report/cell_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace kdt::report {

namespace {

using nlohmann::ordered_json;

using Names = std::vector<std::string>;

bool is_in(const Names& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// In the order of the cells.
Names kernels_of(const RunResult& run) {
  Names kernels;
  for (const auto& cell : run.cells)
    if (const auto& name = cell.cell.parameters.kernel; !is_in(kernels, name)) kernels.push_back(name);
  return kernels;
}

/// Kernels of this run that the other one lacks.
Names only_in(const RunResult& run, const Names& kernels, const Names& others) {
  bool apart = std::ranges::none_of(kernels, [&](const auto& name) { return is_in(others, name); });
  Names only;
  for (const auto& name : kernels)
    if (!is_in(others, name) && (apart || is_in(run.own_kernels, name))) only.push_back(name);
  return only;
}

std::map<std::string, std::string> partners_of(const RunResult& before, const RunResult& after) {
  auto old_kernels = kernels_of(before), new_kernels = kernels_of(after);
  auto left = only_in(before, old_kernels, new_kernels);
  std::map<std::string, std::string> partners;
  for (const auto& kernel : only_in(after, new_kernels, old_kernels)) {
    bool one_each = old_kernels.size() == 1 && new_kernels.size() == 1;
    auto partner = std::ranges::find_if(left, [&](const std::string& old) {
      return one_each || zone_dma_of(before, old) == zone_dma_of(after, kernel);
    });
    if (partner == left.end()) continue;
    partners.emplace(kernel, *partner);
    left.erase(partner);
  }
  return partners;
}

const std::string& kernel_of(const Experiment& experiment) {
  return experiment.cells.front()->cell.parameters.kernel;
}

/// What an experiment is called without its kernel, and that.
std::pair<std::string, std::string> place_of(const Experiment& experiment, const std::string& kernel) {
  return {kernel, experiment_name(*experiment.cells.front(), false)};
}

bool has(const Experiment& experiment, std::initializer_list<Verdict> verdicts) {
  return std::ranges::any_of(experiment.cells, [&](const CellResult* cell) {
    return std::ranges::find(verdicts, cell->verdict) != verdicts.end();
  });
}

bool broken(const Experiment& experiment) {
  return has(experiment, {Verdict::fail, Verdict::xpass});
}

bool not_judged(const Experiment& experiment) {
  return !broken(experiment) && has(experiment, {Verdict::error});
}

void compare(const Experiment& before, const Experiment& after, RunDiff& diff) {
  bool was_red = broken(before) || not_judged(before);
  if (broken(after) && !broken(before)) diff.newly_broken.push_back(after.name);
  if ((broken(after) && broken(before)) || (not_judged(after) && not_judged(before)))
    diff.still_broken.push_back(after.name);
  if (not_judged(after) && !not_judged(before)) diff.not_judged.push_back(after.name);
  if (was_red && !broken(after) && !not_judged(after)) diff.fixed.push_back(after.name);
  auto found = changes(before, after);
  diff.times.add(before, after);
  if (std::ranges::any_of(found, &Change::slower)) diff.slower.push_back(after.name);
  if (found.empty())
    ++diff.same;
  else
    diff.changed.emplace_back(after.name, std::move(found));
}

constexpr std::size_t k_shown = 20; ///< names of each kind on a terminal; --json has them all

void add_names(std::string& text, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  text += fmt::format("{}: {}\n", what, names.size());
  for (std::size_t i = 0; i < std::min(names.size(), k_shown); ++i) text += fmt::format("  {}\n", one_line(names[i]));
  if (names.size() > k_shown) text += fmt::format("  … and {} more\n", names.size() - k_shown);
}

} // namespace

RunDiff diff_runs(const RunResult& before, const RunResult& after) {
  RunDiff diff{.partners = partners_of(before, after)};
  bool one_each = diff.partners.size() == 1 && kernels_of(before).size() == 1 && kernels_of(after).size() == 1;
  auto old = experiments_of(before, one_each ? diff.partners.begin()->second : "");
  auto now = experiments_of(after, one_each ? diff.partners.begin()->first : "");
  std::map<std::string, const Experiment*> by_name;
  std::map<std::pair<std::string, std::string>, std::string> names; // by kernel and the rest
  for (const auto& experiment : old) {
    by_name.emplace(experiment.name, &experiment);
    names.emplace(place_of(experiment, kernel_of(experiment)), experiment.name);
  }
  for (const auto& experiment : now) {
    auto twin = by_name.find(experiment.name);
    if (auto partner = diff.partners.find(kernel_of(experiment));
        twin == by_name.end() && partner != diff.partners.end())
      if (auto name = names.find(place_of(experiment, partner->second)); name != names.end())
        twin = by_name.find(name->second);
    if (twin == by_name.end()) {
      diff.fresh.push_back(experiment.name);
      continue;
    }
    compare(*twin->second, experiment, diff);
    by_name.erase(twin);
  }
  for (const auto& experiment : old)
    if (by_name.contains(experiment.name)) diff.gone.push_back(experiment.name);
  return diff;
}

int exit_status(const RunDiff& diff) {
  return !diff.newly_broken.empty() ? 1 : !diff.not_judged.empty() ? 3 : 0;
}

std::string diff_text(const RunDiff& diff, const RunResult& before, const RunResult& after) {
  auto text = fmt::format("old: {}, {}\nnew: {}, {}\n\n", one_line(before.run_id), totals_text(before.cells),
                          one_line(after.run_id), totals_text(after.cells));
  for (const auto& [now, old] : diff.partners)
    text += fmt::format("kernel {} is held against {}\n", one_line(now), one_line(old));
  if (!diff.partners.empty()) text += "\n";
  add_names(text, "Newly broken", diff.newly_broken);
  add_names(text, "Still broken", diff.still_broken);
  add_names(text, "Not judged any more", diff.not_judged);
  add_names(text, "Fixed", diff.fixed);
  add_names(text, "Slower", diff.slower);
  add_names(text, "New", diff.fresh);
  add_names(text, "Gone", diff.gone);
  if (!text.ends_with("\n\n")) text += "\n";
  return text + plain_text(changes_table("Differences", "old", "new", diff.changed, diff.same, diff.times));
}

ordered_json diff_json(const RunDiff& diff, const RunResult& before, const RunResult& after) {
  auto changed = ordered_json::array();
  for (const auto& [name, found] : diff.changed)
    for (const auto& change : found)
      changed.push_back({{"cell", name}, {"what", change.what}, {"old", change.before}, {"new", change.after}});
  return {{"old", before.run_id},
          {"new", after.run_id},
          {"partners", diff.partners},
          {"newly_broken", diff.newly_broken},
          {"still_broken", diff.still_broken},
          {"not_judged", diff.not_judged},
          {"fixed", diff.fixed},
          {"slower", diff.slower},
          {"new_cells", diff.fresh},
          {"gone_cells", diff.gone},
          {"changes", changed},
          {"same", diff.same}};
}

} // namespace kdt::report
