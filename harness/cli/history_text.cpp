#include "cli/history_text.hpp"

#include "model/flakes.hpp"
#include "report/cell_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <utility>

namespace kdt::cli {

namespace {

/// What repeats_of() counts, for cells of many runs.
Repeats count(const std::vector<run::PastCell>& cells) {
  std::vector<CellResult> results(cells.size());
  std::vector<const CellResult*> pointers;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    results[i].cell.id = cells[i].id;
    results[i].verdict = cells[i].verdict;
    results[i].attempts = cells[i].attempts;
    pointers.push_back(&results[i]);
  }
  return count_repeats(pointers);
}

/// 2026-01-31T12:00:00Z as 2026-01-31 12:00.
std::string short_time(const std::string& time) {
  auto text = time.substr(0, 16);
  if (text.size() > 10 && text[10] == 'T') text[10] = ' ';
  return report::one_line(text);
}

/// What was the same when two cells have the same: kernel, initramfs, emulator and every parameter.
std::string short_fingerprint(const run::PastCell& cell) {
  return cell.fingerprint.empty() ? "-" : cell.fingerprint.substr(0, 8);
}

} // namespace

std::vector<PastExperiment> past_experiments(std::vector<run::PastCell> cells) {
  std::map<std::pair<std::string, std::string>, std::vector<run::PastCell>> sorted;
  for (auto& cell : cells)
    sorted[{experiment_id(cell.id), run::History::name_of(cell.run.matrix)}].push_back(std::move(cell));
  std::vector<PastExperiment> experiments;
  for (auto& [key, own] : sorted)
    experiments.push_back({.id = key.first, .matrix = key.second, .cells = std::move(own)});
  return experiments;
}

std::string history_text(const PastExperiment& experiment, std::size_t most) {
  const auto& cells = experiment.cells;
  auto counted = count(cells);
  auto text = fmt::format("{}, matrix {}\n  {} time{} since {}; failed {}", report::one_line(experiment.id),
                          report::one_line(experiment.matrix), counted.runs, counted.runs == 1 ? "" : "s",
                          short_time(cells.back().run.started), to_string(counted.failed));
  if (counted.infra.count > 0) text += fmt::format("; infrastructure failed {}", to_string(counted.infra));
  text += "\n";
  for (std::size_t i = 0; i < std::min(most, cells.size()); ++i) {
    const auto& cell = cells[i];
    text += fmt::format("  {}  {:<5} {:>9}  {:<8}  {:<12}  {}\n", short_time(cell.run.started), to_string(cell.verdict),
                        report::duration_text(Seconds(cell.seconds)), short_fingerprint(cell),
                        report::one_line(cell.release), report::one_line(cell.run.directory));
    if (cell.verdict != Verdict::pass && !cell.why.empty())
      text += fmt::format("{:20}{}{}\n", "", cell.blame.empty() ? "" : cell.blame + ": ", report::one_line(cell.why));
  }
  if (cells.size() > most) text += fmt::format("  … and {} more: --last N shows them\n", cells.size() - most);
  return text;
}

nlohmann::ordered_json history_json(const run::PastCell& cell) {
  auto phases = nlohmann::ordered_json::object();
  for (const auto& [phase, seconds] : cell.phases) phases[std::string(to_string(phase))] = seconds;
  return {{"id", cell.id},
          {"started", cell.run.started},
          {"run_id", cell.run.run_id},
          {"directory", cell.run.directory},
          {"matrix", cell.run.matrix},
          {"verdict", to_string(cell.verdict)},
          {"blame", cell.blame.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(cell.blame)},
          {"codes", cell.codes},
          {"why", cell.why},
          {"seconds", cell.seconds},
          {"phases", phases},
          {"attempts", cell.attempts},
          {"fingerprint", cell.fingerprint},
          {"kernel", cell.kernel},
          {"release", cell.release},
          {"build_id", cell.build_id},
          {"origin", cell.origin},
          {"accelerator", cell.accelerator},
          {"emulator", cell.run.emulator},
          {"kdt", cell.run.kdt}};
}

} // namespace kdt::cli
