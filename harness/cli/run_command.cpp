#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/backend.hpp"
#include "cli/baseline.hpp"
#include "cli/cell_place.hpp"
#include "cli/command.hpp"
#include "cli/doctor.hpp"
#include "cli/hosts.hpp"
#include "cli/kernel_options.hpp"
#include "cli/plan.hpp"
#include "cli/results.hpp"
#include "cli/shard.hpp"
#include "cli/terminal.hpp"
#include "cli/version.hpp"
#include "matrix/expand.hpp"
#include "report/junit.hpp"
#include "report/ktap.hpp"
#include "report/summary.hpp"
#include "run/journal.hpp"
#include "run/run_directory.hpp"

#include <algorithm>
#include <fcntl.h>
#include <thread>

namespace kdt::cli {

namespace {

struct RunArguments {
  std::vector<std::string> matrices;
  SelectionOptions selection;
  KernelOptions kernels;
  BackendOptions backend;
  bool jobs_said = false; ///< -j was
  std::string out;
  std::string junit;
  std::string ktap;
  std::string resume;
  std::string baseline;
  std::string keep = "failed";
  run::RunOptions options;
};

run::Keep keep_from(const std::string& word) {
  return word == "all" ? run::Keep::all : word == "none" ? run::Keep::none : run::Keep::failed;
}

/// Under TCG a guest runs in one thread, mostly; of one under KVM, two vCPUs share a core well: much of a cell runs on
/// one.
unsigned default_jobs() {
  return std::max(1U, std::thread::hardware_concurrency());
}

/// A shard that is resumed stays as it was cut, whatever has become known since.
void choose_shard(Plan& plan, const RunArguments& arguments) {
  if (!arguments.resume.empty())
    if (auto shard = run::read_journal(fs::path(arguments.resume) / "journal.jsonl").run.shard)
      return keep_recorded_shard(plan, *shard, arguments.selection.shard);
  keep_shard(plan, arguments.selection, history_file());
}

/// --repeat: the same cell again under ids that end in "#2", "#3", …
void repeat_cells(Plan& plan, int times) {
  std::vector<run::PlannedCell> cells;
  for (const auto& planned : plan.cells)
    for (int i = 1; i <= times; ++i) {
      cells.push_back(planned);
      if (i == 1) continue;
      cells.back().cell.id += fmt::format("#{}", i);
      cells.back().cell.slug = matrix::slug_of(cells.back().cell.id);
    }
  plan.cells = std::move(cells);
}

/// Cells that finished before need not run again, if they are still the cells of the matrix.
void resume(RunArguments& arguments, const Plan& plan) {
  auto& options = arguments.options;
  auto earlier = run::earlier_run(options.directory, options.matrix, plan.all);
  options.finished = std::move(earlier.finished);
  auto say = [&](std::size_t count, const char* what) {
    if (count > 0) fmt::print(stderr, "kdt: {} of the cells in {} {}\n", count, options.directory.string(), what);
  };
  say(earlier.changed, "run again: the matrix says something else of them now");
  say(earlier.gone, "are left out: the matrix does not hold them any more");
}

void prepare_directory(RunArguments& arguments, const Plan& plan) {
  auto& options = arguments.options;
  options.directory = !arguments.resume.empty() ? arguments.resume
                      : !arguments.out.empty()
                          ? arguments.out
                          : new_run_directory(fs::path(arguments.matrices.front()).stem().string());
  if (arguments.resume.empty())
    run::require_free(options.directory);
  else
    resume(arguments, plan);
}

/// A run that is resumed must not mix cells of two kernels under one name.
void refuse_other_kernels(const run::RunOptions& options, const Plan& plan) {
  for (const auto& cell : options.finished) {
    const auto& name = cell.cell.parameters.kernel;
    auto kernel = plan.kernel_facts.find(name);
    if (kernel == plan.kernel_facts.end()) continue;
    const auto *was = find(cell.facts, "origin"), *is = find(kernel->second, "origin");
    if ((was == nullptr) != (is == nullptr) || (was != nullptr && *was != *is))
      throw Error(Blame::usage, "--resume {}: kernel {} has changed since ({}, now {}): start a new run",
                  options.directory.string(), name, was == nullptr ? "the catalogue's" : to_string(*was),
                  is == nullptr ? "the catalogue's" : to_string(*is));
  }
}

/// Whatever cannot be written is said now, not when all cells have run.
void make_outputs(const RunArguments& arguments) {
  try {
    make_directories(arguments.options.directory / "cells");
  } catch (const Error& error) {
    throw Error(Blame::infra, "{}: choose a writable --out", error.what());
  }
  for (const auto& file : {arguments.junit, arguments.ktap})
    if (!file.empty()) open_file(file, O_WRONLY | O_CREAT);
}

/// The ids of the plan's cells, each once however often it runs.
std::vector<std::string> experiments_of(const Plan& plan) {
  std::vector<std::string> ids;
  for (const auto& planned : plan.cells)
    if (experiment_id(planned.cell.id) == planned.cell.id) ids.push_back(planned.cell.id);
  return ids;
}

void write_reports(const RunResult& run, const RunArguments& arguments, const RunResult* baseline) {
  const auto& directory = arguments.options.directory;
  write_results(run, directory, baseline);
  remember(run, directory, !arguments.resume.empty());
}

/// Last: a file elsewhere that cannot be written costs neither the run's own reports nor what the terminal says.
void write_asked_for(const RunResult& run, const RunArguments& arguments) {
  if (!arguments.junit.empty()) report::write_junit(run, arguments.junit);
  if (!arguments.ktap.empty()) report::write_ktap(run, arguments.ktap);
}

std::string words_again(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += " " + shell_quoted(word);
  return text;
}

int run_action(RunArguments& arguments, const Context& context) {
  std::unique_ptr<Terminal> terminal; // made when the number of cells is known; no image is built before
  image::Images images(default_cache_directory(), context.repository,
                       [&](const image::Progress& progress) { terminal->image_progress(progress); });
  images.add_own(arguments.kernels.own, context.stop);
  auto plan = make_plan(arguments.matrices, arguments.selection, images);
  choose_shard(plan, arguments);
  repeat_cells(plan, arguments.options.repeat);
  arguments.options.matrix = plan.matrix_text();
  arguments.options.shard = plan.shard;
  if (!images.own_names().empty()) {
    arguments.options.own_kernels = images.own_names();
    arguments.options.kernel_options = arguments.kernels.words();
  }
  prepare_directory(arguments, plan);
  refuse_other_kernels(arguments.options, plan);
  arguments.options.keep = keep_from(arguments.keep);
  arguments.options.learnt = default_cache_directory() / "learnt.sqlite";
  require_able_host(context.repository);
  if (!arguments.backend.hosts.empty() && !arguments.jobs_said) {
    arguments.options.jobs = 0;
    for (const auto& host : read_hosts(arguments.backend.hosts)) arguments.options.jobs += host.slots;
  }
  auto backend = make_backend(arguments.backend, arguments.options.directory.filename().string(), context.stop);
  run::refuse_other_backend(arguments.options.directory, arguments.options.finished, backend.name,
                            std::string(machine::to_string(backend.accelerator)));
  auto baseline = find_baseline(arguments.baseline,
                                {.matrix = arguments.options.matrix,
                                 .experiments = experiments_of(plan),
                                 .directory = arguments.options.directory,
                                 .shard = plan.shard.has_value()},
                                history_file());
  make_outputs(arguments);
  terminal = std::make_unique<Terminal>(plan.cells.size());
  auto run = run::run_cells(plan.cells, images, backend, arguments.options, *terminal, context.stop);
  terminal.reset();

  bool interrupted = context.stop.stop_requested();
  if (interrupted) run.exit_status = 130;
  run.directory = arguments.options.directory.string();
  run.host["kdt"] = kdt_version(context.repository);
  compare_with(run, baseline);
  write_reports(run, arguments, baseline ? &*baseline : nullptr);
  run::Journal(arguments.options.directory / "journal.jsonl", run, {}).end(run);
  fmt::print("\n{}", report::summary(run, summary_options(arguments.options.directory.string())));
  if (interrupted)
    fmt::print("Interrupted: {} of {} cells ran. Continue with ./kdt run {}{}{} --resume {}\n", run.cells.size(),
               plan.cells.size(), plan.matrix_text(), words_again(arguments.options.kernel_options),
               words_again(arguments.backend.words()), shell_quoted(arguments.options.directory.string()));
  write_asked_for(run, arguments);
  return run.exit_status;
}

} // namespace

Action register_run(CLI::App& app, const Context& context) {
  auto arguments = std::make_shared<RunArguments>();
  arguments->options.jobs = default_jobs();
  arguments->options.templates = true;
  app.add_option("MATRIX", arguments->matrices, "matrix files")->required();
  arguments->selection.add_to(app);
  arguments->kernels.add_to(app);
  arguments->backend.add_to(app);
  arguments->backend.add_hosts_to(app);
  auto* jobs = app.add_option("-j,--jobs", arguments->options.jobs,
                              "guests at once; under KVM (or with tcg_threads: multi), a guest of more than two CPUs "
                              "counts for several; with --hosts: as many as they have slots")
                   ->check(CLI::Range(1, 1024))
                   ->capture_default_str();
  auto named = [](const std::string& text) { return text.empty() ? "is empty: name a directory" : ""; };
  auto* out = app.add_option("--out", arguments->out, "run directory (default: runs/TIME-MATRIX)")->check(named);
  app.add_option("--resume", arguments->resume,
                 "continue the run in this directory: cells that ended well or badly are "
                 "not run again, infrastructure errors are")
      ->check(named)
      ->excludes(out);
  app.add_option("--baseline", arguments->baseline,
                 "an earlier run to compare with: its directory or run.json, or 'last': the last run of this matrix "
                 "on this host");
  app.add_option("--junit", arguments->junit, "write JUnit XML here too (RUN/junit.xml is always written)");
  app.add_option("--ktap", arguments->ktap, "write KTAP, which kernel CI systems read, to this file");
  app.add_option("--keep", arguments->keep, "whose vmcores to keep")
      ->check(CLI::IsMember({"all", "failed", "none"}))
      ->capture_default_str();
  app.add_option("--repeat", arguments->options.repeat, "run each cell N times")->check(CLI::Range(1, 10000));
  app.add_option("--retry-infra", arguments->options.retry_infra,
                 "run a cell again, at most N times, when our "
                 "infrastructure failed")
      ->check(CLI::Range(0, 100));
  app.add_flag(
      "!--no-template", arguments->options.templates,
      "boot every cell; else cells that share a boot, or a boot and a panic, are copies of one guest that stood "
      "still after it");
  app.add_flag("--fail-fast", arguments->options.fail_fast, "stop at the first unexpected verdict");
  app.add_option("--timeout-scale", arguments->options.timeout_scale, "multiply every time limit")
      ->check(CLI::Range(0.01, 1000.0))
      ->check(
          [](const std::string& text) { return text.find_first_of("nN") == std::string::npos ? "" : "not a number"; });
  app.footer(
      "The run directory holds run.json, report.html, junit.xml, summary.md and, for each cell, its logs.\n\n"
      "Exit status: 0 all as expected · 1 a cell failed or passed unexpectedly · 2 usage or matrix error, or a kernel\n"
      "of yours does not build · 3 only infrastructure errors · 130 interrupted.\n\n"
      "Examples:\n"
      "  ./kdt run matrices/smoke.yaml\n"
      "  ./kdt run matrices/arm64.yaml --only memory=1G,2G --skip rodata=off -j 2\n"
      "  ./kdt run matrices/smoke.yaml --kernel base=~/linux@v6.1 --kernel series=~/linux@topic\n"
      "  ./kdt run matrices/nightly.yaml --baseline last --retry-infra 1 --out runs/tonight\n"
      "  ./kdt run matrices/smoke.yaml --only rodata=on --repeat 20\n"
      "  ./kdt run matrices/smoke.yaml --backend libvirt\n"
      "  ./kdt run matrices/nightly.yaml --shard 2/4 --out runs/shard-2\n"
      "  ./kdt run matrices/nightly.yaml --resume runs/tonight");
  return [arguments, jobs, &context] {
    arguments->jobs_said = jobs->count() > 0;
    return run_action(*arguments, context);
  };
}

} // namespace kdt::cli
