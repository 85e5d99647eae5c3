#include "googletest/session.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/doctor.hpp"
#include "cli/results.hpp"
#include "cli/shard.hpp"
#include "cli/version.hpp"
#include "matrix/expand.hpp"
#include "report/cell_text.hpp"
#include "run/host.hpp"
#include "run/journal.hpp"
#include "run/run_directory.hpp"

#include <algorithm>
#include <unistd.h>

namespace kdt::googletest {

namespace {

/// GoogleTest tells of tests; what is left are warnings.
class Quiet final : public run::RunObserver {
public:
  void cell_started(const Cell&, const run::RunProgress&) override {}
  void phase_started(const Cell&, Phase) override {}
  void cell_ended(const CellResult&, const run::RunProgress&) override {}
  void warned(const std::string& sentence) override {
    fmt::print(stderr, "kdt: warning: {}\n", report::one_line(sentence));
  }
};

/// ctest starts several at once, within one second.
std::string own_directory(const std::string& name) {
  std::string stamp = run::timestamp();
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("runs/{}-{}-{}", stamp, name, ::getpid());
}

} // namespace

void Arguments::add_to(CLI::App& app) {
  app.add_option("MATRIX", matrices, "matrix files")->required();
  selection.add_to(app);
  kernels.add_to(app);
  app.add_option("--out", out, "run directory (default: runs/TIME-MATRIX-PID)");
  app.add_option("--keep", keep, "whose vmcores to keep")
      ->check(CLI::IsMember({"all", "failed", "none"}))
      ->capture_default_str();
  backend.add_to(app);
  backend.add_hosts_to(app);
  app.add_option("--retry-infra", options.retry_infra,
                 "run a cell again, at most N times, when our infrastructure failed")
      ->check(CLI::Range(0, 100));
  app.add_option("--timeout-scale", options.timeout_scale, "multiply every time limit")
      ->check(CLI::Range(0.01, 1000.0));
}

Session::Session(Arguments arguments, const cli::Context& context)
    : arguments_(std::move(arguments)), context_(context),
      images_(default_cache_directory(), context.repository,
              [this](const image::Progress& progress) { terminal_.image_progress(progress); }) {
  const auto& backend = arguments_.backend; // a wrong one is said before any test
  if (backend.libvirt() && backend.hosts.empty()) static_cast<void>(backend.uri());
  images_.add_own(arguments_.kernels.own, context.stop);
  plan_ = cli::make_plan(arguments_.matrices, arguments_.selection, images_);
  cli::keep_shard(plan_, arguments_.selection, cli::history_file());
}

std::string Session::name() const {
  return fs::path(file()).stem().string();
}

void Session::begin() {
  auto& options = arguments_.options;
  cli::require_able_host(context_.repository);
  options.directory = arguments_.out.empty() ? own_directory(name()) : arguments_.out;
  run::require_free(options.directory);
  make_directories(options.directory);
  options.matrix = plan_.matrix_text();
  options.shard = plan_.shard;
  options.own_kernels = images_.own_names();
  if (!options.own_kernels.empty()) options.kernel_options = arguments_.kernels.words();
  options.keep = arguments_.keep == "all"    ? run::Keep::all
                 : arguments_.keep == "none" ? run::Keep::none
                                             : run::Keep::failed;
  options.learnt = default_cache_directory() / "learnt.sqlite";
  backend_ = cli::make_backend(arguments_.backend, fs::path(options.directory).filename().string(), context_.stop);
  run_.started = run::timestamp();
}

std::optional<CellResult> Session::run(const run::PlannedCell& planned) {
  if (context_.stop.stop_requested()) return std::nullopt;
  if (!backend_) begin();
  auto again = planned;
  if (int times = ++times_[planned.cell.id]; times > 1) {
    again.cell.id += fmt::format("#{}", times);
    again.cell.slug = matrix::slug_of(again.cell.id);
  }
  Quiet observer;
  arguments_.options.finished = run_.cells;
  auto started = run_.started;
  run_ = run::run_cells({again}, images_, *backend_, arguments_.options, observer, context_.stop);
  run_.started = started;
  auto it = std::ranges::find_if(run_.cells, [&](const CellResult& each) { return each.cell.id == again.cell.id; });
  return it == run_.cells.end() ? std::nullopt : std::optional(*it);
}

void Session::finish() {
  if (!backend_) return;
  const auto& directory = arguments_.options.directory;
  run_.host["kdt"] = cli::kdt_version(context_.repository);
  if (context_.stop.stop_requested()) run_.exit_status = 130;
  cli::write_results(run_, directory, nullptr);
  run::Journal(directory / "journal.jsonl", run_, {}).end(run_);
  cli::remember(run_, directory, false);
  fmt::print(stderr, "kdt: {}; results: {}\n", report::totals_text(run_.cells), directory.string());
}

} // namespace kdt::googletest
