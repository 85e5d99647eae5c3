#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/again.hpp"
#include "cli/command.hpp"
#include "run/bundle.hpp"
#include "run/run_directory.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::cli {

namespace {

constexpr unsigned k_gdb_port = 1234; // QEMU's own -s

constexpr const char* k_repro_help =
    "Without --run, the cell is that of the last run in runs/ that has it. Ctrl-] leaves a console. Without kdt,\n"
    "repro.sh in the cell's directory starts the same guest.\n\n"
    "Exit status: as that of run; 0 when --stop-after was reached.\n\n"
    "Examples:\n"
    "  ./kdt repro 'kernel=v6.1-dma/rodata=full'\n"
    "  ./kdt repro runs/nightly/cells/kernel=v6.1-dma_rodata=full --console\n"
    "  ./kdt repro 'kernel=v6.1-dma/rodata=full' --run runs/nightly --gdb --nokaslr\n"
    "  ./kdt repro 'kernel=v6.1-dma/rodata=full' --stop-after load\n"
    "  ./kdt repro red.tar.zst";

struct ReproArguments {
  std::string cell;
  std::string run;
  std::string stop_after;
  std::string keep = "failed";
  unsigned gdb_port = 0; ///< 0: no gdb
  AgainOptions options;
};

/// A shell needs an agent that can be asked: not before boot, and not between the panic and the capture kernel.
std::vector<std::string> phases_to_stop_after() {
  std::vector<std::string> words;
  for (auto phase : {Phase::boot, Phase::load, Phase::probe, Phase::capture, Phase::save})
    words.emplace_back(to_string(phase));
  return words;
}

Phase phase_to_stop_after(const std::string& word) {
  auto possible = phases_to_stop_after();
  if (std::ranges::find(possible, word) != possible.end()) return phase_from(word);
  auto is_phase = [&](Phase phase) { return word == to_string(phase); };
  if (std::ranges::any_of(k_phases, is_phase))
    throw Error(Blame::usage, "--stop-after {}: no kernel that could give a shell runs then{}", word,
                suggestion("", possible));
  throw Error(Blame::usage, "--stop-after: there is no phase '{}'{}", printable(word), suggestion(word, possible));
}

bool is_bundle(const std::string& what) {
  std::error_code ignored;
  return fs::is_regular_file(what, ignored);
}

/// Unpacked into the run directory, where the next repro finds it.
int run_bundle(const std::string& file, const AgainOptions& options, const Context& context) {
  auto unpacked = fs::path(options.directory) / "bundle";
  try {
    run::unpack_bundle(file, unpacked);
    return run_again(find_cell(unpacked.string(), ""), options, context);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(options.directory, ignored);
    throw;
  }
}

int repro_action(ReproArguments& arguments, const Context& context) {
  auto& options = arguments.options;
  if (!arguments.stop_after.empty()) {
    options.stop_after = phase_to_stop_after(arguments.stop_after);
    options.console = true;
  }
  if (arguments.gdb_port > 0) options.gdb_port = arguments.gdb_port;
  options.keep = arguments.keep == "all"    ? run::Keep::all
                 : arguments.keep == "none" ? run::Keep::none
                                            : run::Keep::failed;
  if (options.directory.empty()) options.directory = new_run_directory("repro");
  run::require_free(options.directory);
  if (is_bundle(arguments.cell)) return run_bundle(arguments.cell, options, context);
  return run_again(find_cell(arguments.cell, arguments.run), options, context);
}

} // namespace

Action register_repro(CLI::App& app, const Context& context) {
  auto arguments = std::make_shared<ReproArguments>();
  app.footer(k_repro_help);
  app.add_option("CELL", arguments->cell, "the id of a cell, its directory, or a bundle")->required();
  app.add_option("--run", arguments->run, "the run directory that has it (default: the last one in runs/ that has)");
  app.add_flag("--console", arguments->options.console, "the guest's console on this terminal; Ctrl-] leaves");
  app.add_flag(fmt::format("--gdb{{{}}}", k_gdb_port), arguments->gdb_port,
               fmt::format("the guest waits for gdb on this port of this host (default: {})", k_gdb_port))
      ->option_text("[=PORT]")
      ->check(CLI::Range(1, 65535));
  app.add_flag("--nokaslr", arguments->options.nokaslr,
               "add nokaslr to the system kernel's command line: symbols are where vmlinux has them");
  // No check: phase_to_stop_after() says more of a word that it refuses. Completion reads the type's name.
  app.add_option("--stop-after", arguments->stop_after,
                 "after this phase (boot, load, probe, capture, save) stop, with a shell on the console")
      ->type_name(fmt::format("PHASE:{{{}}}", fmt::join(phases_to_stop_after(), ",")));
  app.add_option("--out", arguments->options.directory, "run directory to make (default: runs/TIME-repro)");
  arguments->options.backend.add_to(app, "what ran the cell");
  app.add_option("--keep", arguments->keep, "whether to keep the vmcore")
      ->check(CLI::IsMember({"all", "failed", "none"}))
      ->capture_default_str();
  return [arguments, &context] { return repro_action(*arguments, context); };
}

} // namespace kdt::cli
