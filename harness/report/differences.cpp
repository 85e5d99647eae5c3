#include "report/differences.hpp"

#include "base/units.hpp"
#include "report/cell_text.hpp"
#include "report/figures.hpp"
#include "report/observed_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <regex>
#include <type_traits>

namespace kdt::report {

namespace {

using Text = std::string (*)(const CellResult&);

std::string verdict(const CellResult& cell) {
  auto why = expected(cell.verdict) ? "" : reason(cell);
  return fmt::format("{}{}{}", to_string(cell.verdict), why.empty() ? "" : ": ", why);
}

std::string reservation(const CellResult& cell) {
  auto start = number(cell, "reservation.start"), size = number(cell, "reservation.size");
  if (!start || !size) return reserved(cell);
  auto text = fmt::format("{} at {:#x}", to_string(ByteSize{static_cast<std::uint64_t>(*size)}),
                          static_cast<std::uint64_t>(*start));
  if (auto low = number(cell, "reservation.low.size"))
    text += fmt::format(", {} low", to_string(ByteSize{static_cast<std::uint64_t>(*low)}));
  return text;
}

std::string mapping(const CellResult& cell) {
  auto region = word(cell, "map.region");
  return word(cell, "map.all") + (region.empty() ? "" : ", region " + region);
}

/// Without a probe nothing is written, and the page tables tell what a write would do.
std::string protection(const CellResult& cell) {
  auto writes = stray_writes(cell);
  auto closed = number(cell, "hostmap.closed_pages");
  if (!writes.empty() || !closed) return writes;
  return *closed > 0 ? "segments closed" : "all open";
}

constexpr std::pair<const char*, Text> k_texts[] = {
    {"verdict", verdict}, {"reservation", reservation}, {"mapping", mapping}, {"protection", protection}};

/// Without the numbers of processes, which are others from boot to boot: "PID: 31", "pid 31", "process 31", "[sh:31]",
/// "task sh:31 blocked".
std::string without_pids(const std::string& text) {
  static const std::regex k_pid(R"((PID: |\bpid |\bprocess )\d+|:\d+(?=\]| blocked))");
  return std::regex_replace(text, k_pid, "$1");
}

struct Said {
  std::string shown;
  std::string compared; ///< what is equal where only process numbers differ
};

/// What all repeats say, or everything that one of them says. An experiment that did not come so far says nothing.
Said said(const Experiment& experiment, Text text) {
  std::map<std::string, std::string> words; // compared → shown
  for (const auto* cell : experiment.cells)
    if (auto one = text(*cell); !one.empty()) words.emplace(without_pids(one), one);
  Said all;
  for (const auto& [compared, shown] : words) {
    const char* between = all.shown.empty() ? "" : " / ";
    all.shown += between + shown;
    all.compared += between + compared;
  }
  return all;
}

std::optional<double> typical(const Experiment& experiment, std::string_view name) {
  std::vector<double> values;
  for (const auto* cell : experiment.cells)
    if (auto value = number(*cell, name)) values.push_back(*value);
  return values.empty() ? std::nullopt : std::optional(median(std::move(values)));
}

constexpr std::pair<const char*, const char*> k_times[] = {{"boot", "boot.seconds"}, {"save", "save.seconds"}};

void compare_times(const Experiment& before, const Experiment& after, std::vector<Change>& found) {
  for (const auto& [what, name] : k_times) {
    auto old = typical(before, name), now = typical(after, name);
    if (!old || !now) continue;
    auto least = std::min(*old, *now), most = std::max(*old, *now);
    if (most < least * k_noise_factor || most - least < k_noise_seconds) continue;
    found.push_back({.what = what,
                     .before = duration_text(Seconds(*old)),
                     .after = duration_text(Seconds(*now)),
                     .slower = *now > *old});
  }
}

/// The alias of the kernel image, which differs from build to build, takes a few tables.
void compare_tables(const Experiment& before, const Experiment& after, std::vector<Change>& found) {
  constexpr double k_few = 128 * 1024;
  auto old = typical(before, "map.table_bytes"), now = typical(after, "map.table_bytes");
  if (old && now && std::abs(*old - *now) > k_few)
    found.push_back({.what = "page tables", .before = show(Unit::bytes, *old), .after = show(Unit::bytes, *now)});
}

bool has_kernel(const CellResult& cell, const std::string& kernel) {
  return kernel.empty() || cell.cell.parameters.kernel == kernel;
}

/// The first kernel before this one that was built with the same zones.
std::string partner_of(const RunResult& run, std::size_t index) {
  auto zones = zone_dma_of(run, run.own_kernels[index]);
  for (std::size_t i = 0; i < index; ++i)
    if (zone_dma_of(run, run.own_kernels[i]) == zones) return run.own_kernels[i];
  return index == 0 ? "" : run.own_kernels.front();
}

Table compare_kernels(const RunResult& run, const std::string& before, const std::string& after) {
  auto old = experiments_of(run, before);
  std::vector<std::pair<std::string, std::vector<Change>>> changed;
  std::size_t same = 0;
  PairTimes times;
  for (const auto& experiment : experiments_of(run, after)) {
    auto twin = std::ranges::find(old, experiment.name, &Experiment::name);
    if (twin == old.end()) continue;
    auto found = changes(*twin, experiment);
    times.add(*twin, experiment);
    if (found.empty()) ++same;
    if (!found.empty()) changed.emplace_back(experiment.name.empty() ? "the cell" : experiment.name, std::move(found));
  }
  return changes_table(fmt::format("What {} changes against {}", after, before), before, after, changed, same, times);
}

} // namespace

void PairTimes::add(const Experiment& before, const Experiment& after) {
  for (std::size_t i = 0; i < std::size(k_times); ++i) {
    auto old = typical(before, k_times[i].second), now = typical(after, k_times[i].second);
    if (!old || !now) continue;
    times_[i].before.push_back(*old);
    times_[i].after.push_back(*now);
  }
}

std::string PairTimes::text(const std::string& before, const std::string& after) const {
  static_assert(std::extent_v<decltype(times_)> == std::size(k_times));
  auto of = [](const std::vector<double>& values) { return duration_text(Seconds(median(values))); };
  std::string text;
  for (std::size_t i = 0; i < std::size(k_times); ++i) {
    const auto& [old, now] = times_[i];
    if (old.empty()) continue;
    text += text.empty()
                ? fmt::format("Median {} {} ({}) against {} ({})", k_times[i].first, of(old), before, of(now), after)
                : fmt::format(", {} {} against {}", k_times[i].first, of(old), of(now));
  }
  return text;
}

std::string zone_dma_of(const RunResult& run, const std::string& kernel) {
  auto cell = std::ranges::find_if(run.cells, [&](const CellResult& one) { return has_kernel(one, kernel); });
  const auto* value = cell == run.cells.end() ? nullptr : find(cell->facts, "zone_dma");
  return value == nullptr ? "" : to_string(*value);
}

std::string noise_text() {
  return fmt::format("Times count when they differ by {:.0f}% and a second.", (k_noise_factor - 1) * 100);
}

std::string experiment_name(const CellResult& cell, bool with_kernel) {
  auto name = experiment_id(cell.cell.id);
  if (with_kernel) return name;
  auto word = "kernel=" + cell.cell.parameters.kernel;
  for (const auto& written : {word + "/", "/" + word, word})
    if (auto at = name.find(written); at != std::string::npos) return name.erase(at, written.size());
  return name;
}

std::vector<Experiment> experiments_of(const RunResult& run, const std::string& kernel) {
  std::vector<Experiment> experiments;
  std::map<std::string, std::size_t> places;
  for (const auto& cell : run.cells) {
    if (!has_kernel(cell, kernel)) continue;
    auto name = experiment_name(cell, kernel.empty());
    auto [place, fresh] = places.emplace(name, experiments.size());
    if (fresh) experiments.push_back({.name = name});
    experiments[place->second].cells.push_back(&cell);
  }
  return experiments;
}

std::vector<Change> changes(const Experiment& before, const Experiment& after) {
  std::vector<Change> found;
  for (const auto& [what, text] : k_texts) {
    auto old = said(before, text), now = said(after, text);
    if (old.compared != now.compared) found.push_back({.what = what, .before = old.shown, .after = now.shown});
  }
  compare_tables(before, after, found);
  compare_times(before, after, found);
  return found;
}

Table changes_table(const std::string& title, const std::string& before, const std::string& after,
                    const std::vector<std::pair<std::string, std::vector<Change>>>& changed, std::size_t same,
                    const PairTimes& times) {
  Table table{.title = title, .columns = {"", before, after}, .labels = 3};
  table.note = fmt::format("{} cell{} differ{}, {} do{} not. {}", changed.size(), changed.size() == 1 ? "" : "s",
                           changed.size() == 1 ? "s" : "", same, same == 1 ? "es" : "", noise_text());
  for (const auto& [name, found] : changed)
    for (const auto& change : found)
      table.rows.push_back({.group = name, .cells = {change.what, change.before, change.after}});
  table.foot = times.text(before, after);
  return table;
}

std::vector<Table> kernel_differences(const RunResult& run) {
  std::vector<Table> tables;
  for (std::size_t i = 1; i < run.own_kernels.size(); ++i)
    tables.push_back(compare_kernels(run, partner_of(run, i), run.own_kernels[i]));
  return tables;
}

std::string kernel_differences_text(const RunResult& run) {
  std::string text;
  for (const auto& table : kernel_differences(run)) text += (text.empty() ? "" : "\n") + plain_text(table);
  return text;
}

std::string kernel_differences_markdown(const RunResult& run) {
  std::string text;
  for (const auto& table : kernel_differences(run)) text += (text.empty() ? "" : "\n") + markdown_text(table, "cell");
  return text.empty() ? "" : "## What the kernels change\n\n" + text;
}

} // namespace kdt::report
