#include "base/error.hpp"
#include "cli/baseline.hpp"
#include "cli/command.hpp"
#include "cli/merge.hpp"
#include "cli/results.hpp"
#include "cli/terminal.hpp"
#include "report/junit.hpp"
#include "report/summary.hpp"
#include "run/journal.hpp"
#include "run/run_directory.hpp"

namespace kdt::cli {

namespace {

struct MergeArguments {
  std::vector<std::string> places;
  std::string out;
  std::string baseline;
  std::string junit;
};

/// A run directory like any other, so that --resume runs what is missing.
void write_journal(const RunResult& run, const fs::path& directory) {
  std::vector<std::string> ids;
  for (const auto& cell : run.cells) ids.push_back(cell.cell.id);
  run::Journal journal(directory / "journal.jsonl", run, ids);
  for (const auto& cell : run.cells) journal.add(cell);
  journal.end(run);
}

int merge_action(const MergeArguments& arguments) {
  fs::path out = arguments.out;
  std::vector<ShardRun> shards;
  for (const auto& place : arguments.places) shards.push_back({.place = place, .run = read_run(place)});
  auto run = merge_runs(shards, out);
  std::vector<std::string> experiments;
  for (const auto& cell : run.cells) experiments.push_back(experiment_id(cell.cell.id));
  auto baseline = find_baseline(arguments.baseline,
                                {.matrix = run.matrix, .experiments = experiments, .directory = out, .shard = false},
                                history_file());
  run::require_free(out);
  make_directories(out / "cells");
  run.run_id = fs::absolute(out / "x").lexically_normal().parent_path().filename().string();
  compare_with(run, baseline);
  link_directories(shards, out);
  write_journal(run, out);
  write_results(run, out, baseline ? &*baseline : nullptr);
  if (!arguments.junit.empty()) report::write_junit(run, arguments.junit);
  remember(run, out, false);
  fmt::print("{}", report::summary(run, summary_options(out.string())));
  return run.exit_status;
}

} // namespace

Action register_merge(CLI::App& app, const Context&) {
  auto arguments = std::make_shared<MergeArguments>();
  app.add_option("RUN", arguments->places, "run directories of shards, or their run.json (then without consoles)")
      ->required();
  app.add_option("--out", arguments->out, "directory of the merged run")->required();
  app.add_option("--baseline", arguments->baseline,
                 "an earlier run to compare with: its directory or run.json, or 'last': the last run of this matrix "
                 "on this host");
  app.add_option("--junit", arguments->junit, "write JUnit XML here too (OUT/junit.xml is always written)");
  app.footer("A shard that is not there, or ended early, is told, and makes exit status 3 unless a cell failed;\n"
             "./kdt run MATRIX --resume OUT runs what is missing. Runs that do not belong together are refused.\n\n"
             "Exit status: as that of run.\n\n"
             "Examples:\n"
             "  ./kdt merge runs/shard-1 runs/shard-2 runs/shard-3 --out runs/whole\n"
             "  ./kdt merge runs/shard-* --out runs/whole --baseline last");
  return [arguments] { return merge_action(*arguments); };
}

} // namespace kdt::cli
