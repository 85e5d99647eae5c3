#include "cli/baseline.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/results.hpp"
#include "report/since.hpp"
#include "run/history.hpp"

#include <spdlog/spdlog.h>

namespace kdt::cli {

namespace {

/// nullopt when none of these runs can be read any more.
std::optional<RunResult> first_that_is_there(const std::vector<run::PastRun>& runs, const Compared& compared) {
  auto own_place = run::History::place_of(compared.directory);
  for (const auto& past : runs) {
    if (!past.whole && !compared.shard) continue;
    if (past.directory == own_place) continue; // an earlier part of a run that is resumed
    try {
      auto run = read_run(past.directory);
      if (run.started == past.started) return run; // else another run lies there now
    } catch (const Error&) {
      // It was removed, or never came so far; an older one does as well.
    }
  }
  return std::nullopt;
}

} // namespace

std::optional<RunResult> find_baseline(const std::string& word, const Compared& compared, const fs::path& history) {
  if (word.empty()) return std::nullopt;
  if (word != "last") {
    std::error_code error;
    if (!fs::exists(word, error))
      throw Error(Blame::usage, "--baseline {}: no such run directory or run.json; 'last' is the last run on this host",
                  printable(word));
    return read_run(word);
  }
  try {
    auto runs = run::History(history).runs_like(run::History::name_of(compared.matrix), compared.experiments);
    if (auto run = first_that_is_there(runs, compared)) return run;
    spdlog::info("--baseline last: no earlier run of {} is there to compare with", compared.matrix);
  } catch (const Error& error) {
    if (error.blame() == Blame::usage) throw;
    spdlog::warn("--baseline last: {}", error.what());
  }
  return std::nullopt;
}

void compare_with(RunResult& run, const std::optional<RunResult>& baseline) {
  if (baseline) run.since = report::since_of(report::diff_runs(*baseline, run), *baseline);
}

} // namespace kdt::cli
