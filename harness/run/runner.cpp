#include "run/runner.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "run/host.hpp"
#include "run/journal.hpp"
#include "run/scheduler.hpp"

#include <algorithm>
#include <set>
#include <thread>

namespace kdt::run {

namespace {

/// One run in progress, shared by its threads.
class Running {
public:
  Running(const std::vector<PlannedCell>& cells, image::Images& images, const Backend& backend,
          const RunOptions& options, RunObserver& observer, std::stop_token stop);

  RunResult go();

private:
  std::vector<Job> jobs() const;
  void build_kernels(std::stop_token stop);
  void work();
  CellResult run_one(const PlannedCell& planned, const image::KernelImage& kernel, int attempt);
  std::filesystem::path make_cell_directory(const Cell& cell);
  void finish(CellResult result);
  void fail_cells_of(const std::string& kernel, const Error& error);
  void fatal(const Error& error);

  const std::vector<PlannedCell>& cells_;
  image::Images& images_;
  const Backend& backend_;
  const RunOptions& options_;
  RunObserver& observer_;
  std::stop_source stop_; ///< the user's stop, --fail-fast, or a journal that cannot be written
  std::stop_callback<std::function<void()>> forward_stop_;
  Scheduler scheduler_;
  RunResult run_;
  std::size_t total_ = 0; ///< cells of the run when it is done, those of a resumed run included
  std::unique_ptr<Journal> journal_;

  std::mutex mutex_; ///< guards what follows
  std::map<std::string, image::KernelImage> kernels_;
  std::optional<Error> fatal_;
};

Running::Running(const std::vector<PlannedCell>& cells, image::Images& images, const Backend& backend,
                 const RunOptions& options, RunObserver& observer, std::stop_token stop)
    : cells_(cells), images_(images), backend_(backend), options_(options), observer_(observer),
      forward_stop_(std::move(stop), [this] { stop_.request_stop(); }), scheduler_(jobs(), host_memory_budget()) {
  run_.run_id = options.directory.filename().string();
  run_.matrix = options.matrix;
  run_.started = timestamp();
  run_.host = describe_host(backend.emulator_version);
  run_.cells = options.finished;
  total_ = options.finished.size() + jobs().size();
}

std::vector<Job> Running::jobs() const {
  std::set<std::string> finished;
  for (const auto& result : options_.finished) finished.insert(result.cell.id);
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto& parameters = cells_[i].cell.parameters;
    auto gib = static_cast<double>(parameters.memory.bytes >> 30);
    if (!finished.contains(cells_[i].cell.id))
      jobs.push_back({.index = i,
                      .kernel = parameters.kernel,
                      .memory = resident_estimate(parameters.memory),
                      .seconds = 4 + 0.4 * gib}); // measured.md: 4 s at 4 GiB, 113 s at 256 GiB
  }
  return jobs;
}

void Running::fatal(const Error& error) {
  std::scoped_lock lock(mutex_);
  if (!fatal_) fatal_ = error;
  stop_.request_stop();
}

void Running::build_kernels(std::stop_token stop) {
  std::vector<std::string> names;
  for (const auto& planned : cells_) {
    const auto& kernel = planned.cell.parameters.kernel;
    if (std::ranges::find(names, kernel) == names.end()) names.push_back(kernel);
  }
  for (const auto& name : names) {
    if (stop.stop_requested()) return;
    try {
      auto image = images_.kernel(name, stop);
      {
        std::scoped_lock lock(mutex_);
        kernels_.emplace(name, std::move(image));
      }
      scheduler_.kernel_ready(name);
    } catch (const Interrupted&) {
      return;
    } catch (const Error& error) {
      fail_cells_of(name, error);
    }
  }
}

void Running::fail_cells_of(const std::string& kernel, const Error& error) {
  for (const auto& job : scheduler_.kernel_failed(kernel)) {
    CellResult result;
    result.cell = cells_[job.index].cell;
    result.accelerator = machine::to_string(backend_.accelerator);
    result.facts = cell_facts(result.cell, {}, *cells_[job.index].expectations);
    auto finding = make_finding("infra", fmt::format("kernel {}: {}", kernel, error.what()));
    finding.blame = error.blame();
    result.findings.push_back(std::move(finding));
    judge_cell(*cells_[job.index].expectations, result);
    finish(std::move(result));
  }
}

void Running::work() {
  auto stop = stop_.get_token();
  while (auto job = scheduler_.next(stop)) {
    const auto& planned = cells_[job->index];
    const auto& cell = planned.cell;
    const image::KernelImage* kernel = nullptr;
    {
      std::scoped_lock lock(mutex_);
      kernel = &kernels_.at(cell.parameters.kernel); // a std::map's nodes stay where they are
    }
    try {
      for (int attempt = 1;; ++attempt) {
        auto result = run_one(planned, *kernel, attempt);
        if (result.verdict == Verdict::error && attempt <= options_.retry_infra) continue;
        finish(std::move(result));
        break;
      }
    } catch (const Interrupted&) {
      std::error_code ignored;
      fs::remove_all(options_.directory / "cells" / cell.slug, ignored);
    } catch (const Error& error) {
      fatal(error);
    } catch (const std::exception& bug) {
      fatal(Error(Blame::infra, "kdt's own fault: {}", bug.what()));
    }
    scheduler_.done(*job);
  }
}

std::filesystem::path Running::make_cell_directory(const Cell& cell) {
  auto directory = options_.directory / "cells" / cell.slug;
  std::error_code error;
  fs::remove_all(directory, error);
  make_directories(directory);
  return directory;
}

CellResult Running::run_one(const PlannedCell& planned, const image::KernelImage& kernel, int attempt) {
  const auto& cell = planned.cell;
  CellContext context{.kernel = kernel,
                      .expectations = *planned.expectations,
                      .make_machine = backend_.make_machine,
                      .accelerator = backend_.accelerator,
                      .emulator_version = backend_.emulator_version,
                      .directory = make_cell_directory(cell),
                      .timeout_scale = options_.timeout_scale,
                      .keep = options_.keep,
                      .stop = stop_.get_token(),
                      .on_phase = [&](Phase phase) { observer_.phase_started(cell, phase); }};
  observer_.cell_started(cell);
  auto result = run_cell(cell, context);
  result.attempts = attempt;
  return result;
}

void Running::finish(CellResult result) {
  journal_->add(result);
  std::size_t done = 0;
  {
    std::scoped_lock lock(mutex_);
    run_.cells.push_back(result);
    done = run_.cells.size();
  }
  observer_.cell_ended(result, done, total_);
  if (options_.fail_fast && !expected(result.verdict)) stop_.request_stop();
}

RunResult Running::go() {
  make_directories(options_.directory / "cells");
  std::vector<std::string> ids;
  for (const auto& planned : cells_) ids.push_back(planned.cell.id);
  journal_ = std::make_unique<Journal>(options_.directory / "journal.jsonl", run_, ids);
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([this] {
      try {
        build_kernels(stop_.get_token());
      } catch (const Error& error) { // the journal could not be written
        fatal(error);
      }
    });
    for (unsigned i = 0; i < std::max(1U, options_.jobs); ++i) threads.emplace_back([this] { work(); });
  }
  if (fatal_) throw *fatal_;
  std::map<std::string, std::size_t> order;
  for (std::size_t i = 0; i < cells_.size(); ++i) order[cells_[i].cell.id] = i;
  for (const auto& cell : run_.cells) order.emplace(cell.cell.id, cells_.size()); // recorded by an earlier selection
  std::ranges::stable_sort(run_.cells, {}, [&](const CellResult& cell) { return order[cell.cell.id]; });
  run_.finished = timestamp();
  run_.exit_status = exit_status(run_.cells);
  return std::move(run_);
}

} // namespace

RunResult run_cells(const std::vector<PlannedCell>& cells, image::Images& images, const Backend& backend,
                    const RunOptions& options, RunObserver& observer, std::stop_token stop) {
  return Running(cells, images, backend, options, observer, std::move(stop)).go();
}

} // namespace kdt::run
