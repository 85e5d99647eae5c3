#include "cli/again.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "cli/attached_machine.hpp"
#include "cli/doctor.hpp"
#include "cli/kernel_again.hpp"
#include "cli/results.hpp"
#include "cli/terminal.hpp"
#include "report/cell_text.hpp"
#include "report/story.hpp"
#include "run/host.hpp"
#include "run/journal.hpp"

#include <algorithm>
#include <sys/utsname.h>
#include <unistd.h>

namespace kdt::cli {

namespace {

/// A person at a debugger takes his time: waits of 10 s become days.
constexpr double k_debugger_scale = 1e4;

/// One cell, run again.
class Again {
public:
  Again(const CellPlace& place, const AgainOptions& options, const Context& context);

  int run();

private:
  CellResult run_cell(const image::KernelImage& kernel, const fs::path& ssh_client);
  std::unique_ptr<machine::Machine> make_machine(machine::MachineSpec spec, std::stop_token stop);
  void say(const std::string& sentence) const;
  void tell_debugger(const image::KernelImage& kernel) const;
  int report(const CellResult& result);

  const CellPlace& place_;
  const AgainOptions& options_;
  const Context& context_;
  Cell cell_;
  run::Backend backend_;
  fs::path directory_;
  std::stop_source stop_; ///< the user's stop, or that he left the console
  std::stop_callback<std::function<void()>> forward_stop_;
  std::string started_ = run::timestamp();
  bool handed_over_ = false;
  std::unique_ptr<Terminal> terminal_; ///< not while a console is attached
};

Again::Again(const CellPlace& place, const AgainOptions& options, const Context& context)
    : place_(place), options_(options), context_(context), cell_(place.result.cell),
      backend_(make_backend(options.backend.or_as_before(place.result.backend),
                            fs::path(options.directory).filename().string(), context.stop)),
      directory_(options.directory), forward_stop_(context.stop, [this] { stop_.request_stop(); }) {
  auto& words = cell_.parameters.cmdline;
  if (options.nokaslr) words += words.empty() ? "nokaslr" : " nokaslr";
}

std::unique_ptr<machine::Machine> Again::make_machine(machine::MachineSpec spec, std::stop_token stop) {
  spec.gdb_port = options_.gdb_port;
  if (options_.console) spec.console_input = true;
  auto machine = backend_.make_machine(spec, std::move(stop));
  if (!options_.console) return machine;
  return std::make_unique<AttachedMachine>(std::move(machine), STDIN_FILENO, STDOUT_FILENO,
                                           [this] { stop_.request_stop(); });
}

void Again::say(const std::string& sentence) const {
  if (terminal_) return terminal_->say(sentence);
  write_all(STDERR_FILENO, fmt::format("kdt: {}\n", printable(sentence)), "standard error");
}

void Again::tell_debugger(const image::KernelImage& kernel) const {
  utsname host{};
  ::uname(&host);
  const char* gdb = std::string_view(host.machine) == "aarch64" ? "gdb" : "gdb-multiarch";
  auto file = kernel.vmlinux.empty() ? std::string() : " " + shell_quoted(kernel.vmlinux.string());
  say(fmt::format("the guest waits for: {}{} -ex 'target remote :{}'", gdb, file, *options_.gdb_port));
  if (!find_program(gdb)) say(fmt::format("{} is not here: apt-get install {}", gdb, gdb));
  if (kernel.vmlinux.empty()) say("its vmlinux was not kept: gdb has no symbols");
  const auto* kaslr = find(kernel.facts, "kaslr");
  bool moved = kaslr != nullptr && *kaslr == Value(true) && cell_.parameters.dtb_randomness &&
               cell_.parameters.cmdline.find("nokaslr") == std::string::npos;
  if (moved)
    say("KASLR moves this kernel: by how far is told when it has booted; with --nokaslr symbols are right from the "
        "first instruction on");
}

CellResult Again::run_cell(const image::KernelImage& kernel, const fs::path& ssh_client) {
  auto expectations = run::read_expectations(place_.recipe.rules);
  auto cell_directory = directory_ / "cells" / cell_.slug;
  make_directories(cell_directory);
  auto scale = place_.recipe.timeout_scale;
  run::CellContext context{.kernel = kernel,
                           .expectations = expectations,
                           .make_machine = [this](const machine::MachineSpec& spec,
                                                  std::stop_token stop) { return make_machine(spec, std::move(stop)); },
                           .accelerator = backend_.accelerator,
                           .emulator_version = backend_.emulator_version,
                           .directory = cell_directory,
                           .ssh_client = ssh_client,
                           .timeout_scale = options_.gdb_port ? std::max(scale, k_debugger_scale) : scale,
                           .keep = options_.keep,
                           .stop = stop_.get_token(),
                           .on_phase =
                               [this](Phase phase) {
                                 if (terminal_) return terminal_->phase_started(cell_, phase);
                                 say(fmt::format("phase {}", to_string(phase)));
                               },
                           .matrix = place_.recipe.matrix,
                           .kernel_options = place_.recipe.kernel_options,
                           .stop_after = options_.stop_after,
                           .on_handed_over =
                               [this] {
                                 handed_over_ = true;
                                 say("the guest is yours: a shell is on its console, and when it ends, the guest ends");
                               },
                           .backend = backend_.name,
                           .describe = backend_.describe};
  if (options_.gdb_port) context.tell_debugger = [this](const std::string& sentence) { say(sentence); };
  if (terminal_) terminal_->cell_started(cell_, {.done = 0, .total = 1, .left = {}});
  if (options_.gdb_port) tell_debugger(kernel);
  if (options_.console) say("the console of the guest is on this terminal; Ctrl-] leaves it and ends the guest");
  return run::run_cell(cell_, context);
}

int Again::report(const CellResult& result) {
  RunResult run{.run_id = directory_.filename().string(),
                .matrix = place_.recipe.matrix,
                .kernel_options = place_.recipe.kernel_options,
                .host = run::describe_host(backend_.emulator_version),
                .started = started_,
                .finished = run::timestamp(),
                .exit_status = exit_status(std::vector{result}),
                .cells = {result},
                .directory = directory_.string()};
  run::Journal journal(directory_ / "journal.jsonl", run, {cell_.id});
  journal.add(result);
  journal.end(run);
  write_results(run, directory_, nullptr);
  if (terminal_) terminal_->cell_ended(result, {.done = 1, .total = 1, .left = {}});
  terminal_.reset();
  fmt::print("{}\nresults: {}\n", report::story(result, place_.result), directory_.string());
  return run.exit_status;
}

int Again::run() {
  require_able_host(context_.repository);
  terminal_ = std::make_unique<Terminal>(1);
  image::Images images(default_cache_directory(), context_.repository,
                       [&](const image::Progress& progress) { terminal_->image_progress(progress); });
  auto kernel = kernel_again(place_.recipe, images, context_.stop);
  auto ssh_client = cell_.parameters.dump.target == "ssh" ? images.tree("ssh", context_.stop) : fs::path();
  if (options_.console) terminal_.reset();
  try {
    auto result = run_cell(kernel, ssh_client);
    if (!handed_over_) return report(result);
  } catch (...) { // nothing was learnt
    terminal_.reset();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
    if (!handed_over_ || context_.stop.stop_requested()) throw;
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
  return 0;
}

} // namespace

int run_again(const CellPlace& place, const AgainOptions& options, const Context& context) {
  return Again(place, options, context).run();
}

} // namespace kdt::cli
