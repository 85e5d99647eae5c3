#include "run/template_plan.hpp"

#include "base/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace kdt::run {

namespace {

/// A fork in the capture kernel saves the trigger and the reboot; a template of its own costs a boot, and both again.
/// Boot, load and probe take about twice as long as those: so many cells pay for it if all of them could be forks of
/// another template.
constexpr std::size_t k_worth_it = 4;

/// What decides how many disks the guest has; the rest of the dump is up to the fork.
DumpSettings disks_of(const DumpSettings& dump) {
  DumpSettings disks;
  disks.split = dump.target == "raw" ? dump.split : 1;
  return disks;
}

/// The same for all cells that can be forks of one guest which has been probed. What is not named here is told apart.
CellParameters shared_after_probe(CellParameters parameters) {
  const CellParameters none;
  parameters.dump = disks_of(parameters.dump);
  parameters.trigger = none.trigger;
  parameters.trigger_cpu = none.trigger_cpu;
  parameters.capture_trigger = none.capture_trigger;
  return parameters;
}

/// The same with a capture kernel that runs. It has looked for partitions on its disks, found none, and kept nothing of
/// what it read: the last one who closes a block device drops its pages (blkdev_flush_mapping() in block/bdev.c, before
/// 5.16 __blkdev_put() in fs/block_dev.c). So it does not matter yet what is on them.
CellParameters shared_after_capture(CellParameters parameters) {
  parameters.dump = disks_of(parameters.dump);
  return parameters;
}

bool can_be_fork(const Cell& cell) {
  const auto& parameters = cell.parameters;
  return parameters.crashkernel && parameters.loader != "none" && parameters.dump.target != "ssh";
}

/// Numbers of cells, by what they have in common; groups in the order of their first cells.
std::vector<std::vector<std::size_t>> grouped(const std::vector<const Cell*>& cells,
                                              const std::vector<std::size_t>& among,
                                              CellParameters (*shared)(CellParameters)) {
  std::vector<std::vector<std::size_t>> groups;
  std::vector<CellParameters> keys;
  std::multimap<std::string, std::size_t> by_word; // so that not everything is compared with everything
  for (auto i : among) {
    auto key = shared(cells[i]->parameters);
    auto word = key.kernel + " " + system_cmdline(key);
    auto [from, to] = by_word.equal_range(word);
    while (from != to && keys[from->second] != key) ++from;
    if (from != to) {
      groups[from->second].push_back(i);
    } else {
      by_word.emplace(word, groups.size());
      keys.push_back(std::move(key));
      groups.push_back({i});
    }
  }
  return groups;
}

void add(TemplatePlan& plan, const std::vector<const Cell*>& cells, std::vector<std::size_t> members, Phase after) {
  if (members.size() < 2) return;
  Sha256 hash;
  for (auto i : members) hash.add_field(cells[i]->id);
  for (auto i : members) plan.group_of[i] = plan.groups.size();
  plan.groups.push_back({.name = fmt::format("{}-{}", to_string(after), hash.hex().substr(0, 8)),
                         .after = after,
                         .cells = std::move(members)});
}

} // namespace

TemplatePlan plan_templates(const std::vector<const Cell*>& cells) {
  TemplatePlan plan;
  plan.group_of.resize(cells.size());
  std::map<std::string, int> times;
  for (const auto* cell : cells)
    if (cell != nullptr) ++times[experiment_id(cell->id)];
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (cells[i] != nullptr && can_be_fork(*cells[i]) && times[experiment_id(cells[i]->id)] == 1)
      candidates.push_back(i);

  for (const auto& alike : grouped(cells, candidates, shared_after_probe)) {
    std::vector<std::vector<std::size_t>> few;
    auto saves = [&](const auto& group) { return cells[group.front()]->parameters.capture_trigger.empty(); };
    for (auto& same_crash : grouped(cells, alike, shared_after_capture))
      if (same_crash.size() >= k_worth_it && saves(same_crash))
        add(plan, cells, std::move(same_crash), Phase::capture);
      else
        few.push_back(std::move(same_crash));
    if (few.size() == 1 && saves(few.front())) {
      add(plan, cells, std::move(few.front()), Phase::capture);
      continue;
    }
    std::vector<std::size_t> rest;
    for (const auto& group : few) rest.insert(rest.end(), group.begin(), group.end());
    std::ranges::sort(rest);
    add(plan, cells, std::move(rest), Phase::probe);
  }
  return plan;
}

} // namespace kdt::run
