#include "cli/shard.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "cli/results.hpp"
#include "machine/qemu_machine.hpp"
#include "report/differences.hpp"
#include "run/history.hpp"
#include "run/need.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>

namespace kdt::cli {

namespace {

using Durations = std::map<std::string, double>;

Durations durations_of(const RunResult& run) {
  Durations durations;
  for (const auto& experiment : report::experiments_of(run)) {
    std::vector<double> seconds;
    for (const auto* cell : experiment.cells)
      if (cell->verdict != Verdict::error && cell->verdict != Verdict::skip) seconds.push_back(cell->seconds.count());
    if (seconds.empty()) continue;
    std::ranges::sort(seconds);
    durations[experiment.name] = seconds[seconds.size() / 2];
  }
  return durations;
}

Durations recorded_durations(const Plan& plan, const std::string& by, const fs::path& history,
                             machine::Accelerator accelerator) {
  if (by == "forecast") return {};
  if (by != "history") {
    std::error_code error;
    if (!fs::exists(by, error))
      throw Error(Blame::usage, "--shard-by {}: wanted history, forecast, or a run directory or run.json",
                  printable(by));
    return durations_of(read_run(by));
  }
  std::vector<std::string> ids;
  for (const auto& planned : plan.cells) ids.push_back(planned.cell.id);
  try {
    return run::History(history).seconds(run::History::name_of(plan.matrix_text()), ids,
                                         std::string(machine::to_string(accelerator)));
  } catch (const Error& error) {
    spdlog::warn("{}. Shards are cut by the forecast, as on a host without a history", error.what());
    return {};
  }
}

} // namespace

ShardWords parse_shard(const std::string& text) {
  ShardWords shard;
  const char* end = text.data() + text.size();
  auto [slash, first] = std::from_chars(text.data(), end, shard.index);
  bool ok = first == std::errc{} && slash != end && *slash == '/';
  if (ok) {
    auto [rest, second] = std::from_chars(slash + 1, end, shard.count);
    ok = second == std::errc{} && rest == end && shard.index >= 1 && shard.index <= shard.count;
  }
  if (!ok) throw Error(Blame::usage, "--shard {}: wanted I/N with 1 <= I <= N, such as 2/4", printable(text));
  return shard;
}

std::vector<unsigned> share_out(const std::vector<double>& seconds, unsigned count) {
  std::vector<std::size_t> order(seconds.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return seconds[i]; });
  std::vector<double> loads(count, 0);
  std::vector<unsigned> shards(seconds.size(), 0);
  for (auto i : order) {
    auto least = std::ranges::min_element(loads); // the first of equals
    shards[i] = static_cast<unsigned>(least - loads.begin());
    *least += seconds[i];
  }
  return shards;
}

std::vector<double> expected_seconds(const std::vector<run::PlannedCell>& cells, const Durations& recorded,
                                     machine::Accelerator accelerator) {
  std::vector<run::Need> guesses;
  double guessed = 0, took = 0;
  for (const auto& planned : cells) {
    guesses.push_back(run::first_guess(planned.cell.parameters, accelerator));
    auto known = recorded.find(planned.cell.id);
    if (known == recorded.end()) continue;
    guessed += guesses.back().seconds;
    took += known->second;
  }
  double pace = guessed > 0 && took > 0 ? took / guessed : 1;
  std::vector<double> seconds;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    auto known = recorded.find(cells[i].cell.id);
    seconds.push_back((known != recorded.end() ? known->second : guesses[i].seconds * pace) * guesses[i].slots);
  }
  return seconds;
}

void keep_shard(Plan& plan, const SelectionOptions& selection, const fs::path& history) {
  if (selection.shard.empty()) return;
  auto words = parse_shard(selection.shard);
  auto accelerator = machine::best_accelerator();
  auto recorded = recorded_durations(plan, selection.shard_by, history, accelerator);
  auto shards = share_out(expected_seconds(plan.cells, recorded, accelerator), words.count);
  Shard shard{.index = words.index, .count = words.count};
  Sha256 cut;
  std::vector<run::PlannedCell> kept;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    cut.add_field(plan.cells[i].cell.id);
    cut.add_field(std::to_string(shards[i]));
    if (shards[i] + 1 != words.index) continue;
    shard.cells.emplace_back(plan.cells[i].cell.id, i);
    kept.push_back(std::move(plan.cells[i]));
  }
  shard.cut = cut.hex();
  plan.cells = std::move(kept);
  plan.shard = std::move(shard);
}

void keep_recorded_shard(Plan& plan, const Shard& shard, const std::string& words) {
  auto now = words.empty() ? ShardWords{shard.index, shard.count} : parse_shard(words);
  if (now.index != shard.index || now.count != shard.count)
    throw Error(Blame::usage, "--shard {}: the run to resume is shard {}/{}", words, shard.index, shard.count);
  std::set<std::string> own;
  for (const auto& [id, position] : shard.cells) own.insert(id);
  std::erase_if(plan.cells, [&](const run::PlannedCell& planned) { return !own.contains(planned.cell.id); });
  plan.shard = shard;
}

} // namespace kdt::cli
