#include "run/runner.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "run/forecast.hpp"
#include "run/host.hpp"
#include "run/host_memory.hpp"
#include "run/journal.hpp"
#include "run/lacking.hpp"
#include "run/learnt.hpp"
#include "run/need.hpp"
#include "run/scheduler.hpp"
#include "run/templates.hpp"
#include "run/work_plan.hpp"

#include <algorithm>
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
  void build_kernels(std::stop_token stop);
  void work();
  void run_turn(const Turn& turn);
  void skip_what_never_fits();
  void make_template_of(const Turn& turn, const image::KernelImage& kernel);
  CellContext context_of(const Job& job, const image::KernelImage& kernel, std::filesystem::path directory);
  CellResult run_one(const Job& job, const image::KernelImage& kernel, int attempt);
  RunProgress progress();
  void finish(CellResult result);
  CellResult not_run(std::size_t index, Finding finding) const;
  void fail_cells_of(const std::string& kernel, const Error& error);
  void refuse_other_fingerprints(const std::string& name, const image::KernelImage& kernel) const;
  void fatal(const Error& error);

  const std::vector<PlannedCell>& cells_;
  image::Images& images_;
  const Backend& backend_;
  const RunOptions& options_;
  RunObserver& observer_;
  std::stop_source stop_; ///< the user's stop, --fail-fast, or a journal that cannot be written
  std::stop_callback<std::function<void()>> forward_stop_;
  HostMemory host_ = host_memory(); ///< when the run began
  Learnt learnt_;
  WorkPlan plan_;
  std::size_t total_; ///< cells of the run when it is done, those of a resumed run included
  Templates templates_;
  Scheduler scheduler_;
  RunResult run_;
  std::unique_ptr<Journal> journal_;

  std::mutex mutex_; ///< guards what follows
  std::map<std::string, image::KernelImage> kernels_;
  Forecast forecast_;
  std::optional<Error> fatal_;
};

Running::Running(const std::vector<PlannedCell>& cells, image::Images& images, const Backend& backend,
                 const RunOptions& options, RunObserver& observer, std::stop_token stop)
    : cells_(cells), images_(images), backend_(backend), options_(options), observer_(observer),
      forward_stop_(std::move(stop), [this] { stop_.request_stop(); }),
      learnt_(options.learnt, [this](const std::string& sentence) { observer_.warned(sentence); }),
      plan_(plan_work(cells, options, backend, host_, learnt_)),
      total_(options.finished.size() + plan_.jobs.size() + plan_.never.size()), templates_(plan_.templates),
      scheduler_(plan_.jobs, options.jobs,
                 [this] { return Room{.memory = backend_.memory(), .disk = free_space(options_.directory)}; }),
      forecast_(std::max(1U, options.jobs)) {
  run_.run_id = options.directory.filename().string();
  run_.matrix = options.matrix;
  run_.kernel_options = options.kernel_options;
  run_.own_kernels = options.own_kernels;
  run_.shard = options.shard;
  run_.started = timestamp();
  run_.host = describe_host(backend.emulator_version);
  run_.cells = options.finished;
}

void Running::fatal(const Error& error) {
  std::scoped_lock lock(mutex_);
  if (!fatal_) fatal_ = error;
  stop_.request_stop();
}

/// A run that is resumed must not mix cells of two builds of a kernel, of the guest's programs or of QEMU.
void Running::refuse_other_fingerprints(const std::string& name, const image::KernelImage& kernel) const {
  for (const auto& cell : options_.finished)
    if (cell.cell.parameters.kernel == name && !cell.fingerprint.empty() &&
        cell.fingerprint != fingerprint(cell.cell, kernel, backend_.emulator_version))
      throw Error(Blame::usage,
                  "--resume {}: cell {} ran with another build of kernel {} or of the guest's programs, or with "
                  "another QEMU: start a new run",
                  options_.directory.string(), cell.cell.id, name);
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
      try {
        refuse_other_fingerprints(name, image);
      } catch (const Error& error) {
        return fatal(error);
      }
      if (!image.no_probe.empty())
        observer_.warned(
            fmt::format("kernel {} has no probe: the page tables are read from the host, and no stray write "
                        "is tried ({})",
                        name, image.no_probe));
      {
        std::scoped_lock lock(mutex_);
        kernels_.emplace(name, std::move(image));
      }
      scheduler_.kernel_ready(name);
    } catch (const Interrupted&) {
      return;
    } catch (const Error& error) {
      fail_cells_of(name, error);
    } catch (const std::exception& error) { // of the file system, mostly: the cache went away
      fail_cells_of(name, Error(Blame::infra, "{}", error.what()));
    }
  }
  scheduler_.kernels_settled();
}

/// The result of a cell for which no guest was started.
CellResult Running::not_run(std::size_t index, Finding finding) const {
  CellResult result;
  result.cell = cells_[index].cell;
  result.backend = backend_.name;
  result.accelerator = machine::to_string(backend_.accelerator);
  result.facts = cell_facts(result.cell, {}, *cells_[index].expectations);
  result.findings.push_back(std::move(finding));
  judge_cell(*cells_[index].expectations, result);
  return result;
}

void Running::fail_cells_of(const std::string& kernel, const Error& error) {
  for (const auto& job : scheduler_.kernel_failed(kernel)) {
    std::string words = error.what();
    auto name = "kernel " + kernel + ": ";
    auto finding = make_finding("no-kernel", words.starts_with(name) ? words : name + words);
    finding.blame = error.blame();
    finish(not_run(job.index, std::move(finding)));
  }
}

void Running::skip_what_never_fits() {
  for (const auto& job : plan_.never) {
    auto result =
        not_run(job.index, make_finding("host-too-small",
                                        fmt::format("the guest takes about {} of memory, and this host has {} in all",
                                                    human(job.need.memory), human(host_.total))));
    result.verdict = Verdict::skip;
    finish(std::move(result));
    templates_.ended(job.index);
  }
}

void Running::run_turn(const Turn& turn) {
  const auto& planned = cells_[turn.job.index];
  if (auto needed = turn.job.need.memory; !turn.fits && needed > turn.room.memory)
    return finish(
        not_run(turn.job.index,
                make_finding("host-memory", fmt::format("the guest takes about {} of memory, and {} are free now",
                                                        human(needed), human(turn.room.memory)))));
  const image::KernelImage* kernel = nullptr;
  {
    std::scoped_lock lock(mutex_);
    kernel = &kernels_.at(planned.cell.parameters.kernel); // a std::map's nodes stay where they are
  }
  if (auto lack = lacking(planned.cell.parameters, kernel->facts)) {
    auto result = not_run(turn.job.index, make_finding("lacks-support", *lack));
    result.verdict = Verdict::skip;
    return finish(std::move(result));
  }
  if (planned.cell.parameters.dump.target == "ssh") {
    try {
      images_.tree("ssh", stop_.get_token()); // fetched here, where it may fail, for run_one
    } catch (const Error& error) {
      return finish(not_run(turn.job.index, make_finding("infra", fmt::format("the ssh client: {}", error.what()))));
    }
  }
  {
    std::scoped_lock lock(mutex_);
    forecast_.began(turn.job.index, turn.job.need.seconds, Clock::now());
  }
  observer_.cell_started(planned.cell, progress());
  if (turn.makes_template) make_template_of(turn, *kernel);
  for (int attempt = 1, retries = options_.retry_infra;; ++attempt) {
    if (attempt > 1) observer_.cell_started(planned.cell, progress());
    auto lost = backend_.hosts_lost();
    auto result = run_one(turn.job, *kernel, attempt);
    if (backend_.hosts_lost() > lost) ++retries; // elsewhere, then
    bool ours = result.verdict == Verdict::error && result.blame == Blame::infra;
    if (ours && attempt <= retries && !stop_.stop_requested()) continue;
    if (auto took = measured(result, backend_.accelerator)) learnt_.add(*took);
    {
      std::scoped_lock lock(mutex_);
      forecast_.ended(turn.job.index, Clock::now());
    }
    return finish(std::move(result));
  }
}

void Running::work() {
  auto stop = stop_.get_token();
  while (!stop.stop_requested()) {
    std::optional<Turn> turn;
    try {
      turn = scheduler_.next(stop);
      if (!turn) return;
      run_turn(*turn);
    } catch (const Interrupted&) {
      std::error_code ignored;
      fs::remove_all(options_.directory / "cells" / cells_[turn->job.index].cell.slug, ignored);
    } catch (const Error& error) {
      fatal(error);
    } catch (const std::exception& bug) {
      fatal(Error(Blame::infra, "kdt's own fault: {}", bug.what()));
    }
    if (!turn) continue;
    templates_.ended(turn->job.index);
    scheduler_.done(turn->job);
  }
}

/// For as long as the job lasts.
CellContext Running::context_of(const Job& job, const image::KernelImage& kernel, fs::path directory) {
  const auto& planned = cells_[job.index];
  const auto& cell = planned.cell;
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  make_directories(directory);
  return {.kernel = kernel,
          .expectations = *planned.expectations,
          .make_machine = backend_.make_machine,
          .accelerator = backend_.accelerator,
          .emulator_version = backend_.emulator_version,
          .directory = std::move(directory),
          .ssh_client = cell.parameters.dump.target == "ssh" ? images_.tree("ssh", stop_.get_token()) : "",
          .timeout_scale = options_.timeout_scale,
          .keep = options_.keep,
          .stop = stop_.get_token(),
          .on_phase = [this, &cell](Phase phase) { observer_.phase_started(cell, phase); },
          .guest_begins =
              [this, &job] {
                if (!scheduler_.begin_guest(job, stop_.get_token())) throw Interrupted();
              },
          .guest_ended = [this, &job] { scheduler_.end_guest(job); },
          .matrix = options_.matrix,
          .kernel_options = options_.kernel_options,
          .backend = backend_.name,
          .describe = backend_.describe};
}

/// The first cell of a group goes through the phases for all of them.
void Running::make_template_of(const Turn& turn, const image::KernelImage& kernel) {
  const auto& planned = cells_[turn.job.index];
  auto number = *turn.job.group;
  const auto& group = templates_.group(number);
  auto context = context_of(turn.job, kernel, options_.directory / "templates" / group.name);
  auto expected = turn.job.cold_memory;
  for (auto index : group.cells)
    expected = std::max(expected, fork_growth(cells_[index].cell.parameters, ByteSize{UINT64_MAX}));
  bool made = templates_.make(number, planned.cell, context, expected, host_memory_budget());
  scheduler_.template_settled(turn, made);
  if (!made) observer_.warned(fmt::format("{}; {} cells boot instead", templates_.why_not(number), group.cells.size()));
}

CellResult Running::run_one(const Job& job, const image::KernelImage& kernel, int attempt) {
  const auto& cell = cells_[job.index].cell;
  auto context = context_of(job, kernel, options_.directory / "cells" / cell.slug);
  auto origin = templates_.origin_of(job.index, attempt);
  context.fork_of = origin.fork_of;
  context.not_forked = origin.not_forked;
  auto result = run_cell(cell, context);
  if (origin.not_forked.empty() && !result.not_forked.empty())
    observer_.warned(fmt::format("{}: {}; it was booted instead", cell.id, result.not_forked));
  result.attempts = attempt;
  return result;
}

RunProgress Running::progress() {
  auto waiting = scheduler_.seconds_waiting();
  std::scoped_lock lock(mutex_);
  return {.done = run_.cells.size(), .total = total_, .left = forecast_.left(waiting, Clock::now())};
}

void Running::finish(CellResult result) {
  try {
    journal_->add(result);
  } catch (const Error& error) {
    throw Error(Blame::infra, "{}; {} has {} free: make room, then continue with --resume", error.what(),
                options_.directory.string(), human(free_space(options_.directory)));
  }
  {
    std::scoped_lock lock(mutex_);
    run_.cells.push_back(result);
  }
  observer_.cell_ended(result, progress());
  if (options_.fail_fast && !expected(result.verdict)) stop_.request_stop();
}

RunResult Running::go() {
  make_directories(options_.directory / "cells");
  std::vector<std::string> ids;
  for (const auto& planned : cells_) ids.push_back(planned.cell.id);
  journal_ = std::make_unique<Journal>(options_.directory / "journal.jsonl", run_, ids);
  skip_what_never_fits();
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([this] {
      try {
        build_kernels(stop_.get_token());
      } catch (const Error& error) { // the journal could not be written
        fatal(error);
      }
    });
    // One more than guests may run: it verifies the last dump, or starts the next fork.
    for (unsigned i = 0; i < std::max(1U, options_.jobs) + 1; ++i) threads.emplace_back([this] { work(); });
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
