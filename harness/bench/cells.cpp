#include "bench/cells.hpp"

#include "bench/bare_cell.hpp"
#include "bench/initcalls.hpp"
#include "bench/kdt_run.hpp"
#include "bench/settings.hpp"
#include "bench/turns.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

namespace kdt::bench {

namespace {

constexpr const char* k_no_templates = "--no-template";
/// Cells that boot alike and die differently, and such as die alike and save differently.
constexpr const char* k_triggers = "  memory: [4G]\n"
                                   "  trigger: [sysrq-c, panic, panic-irq, bug, null-pointer, overflow]\n"
                                   "  trigger_cpu: [0, 1]\n";
/// The levels that distributions ship (31; 17 before) and what makedumpfile makes of them by default.
constexpr const char* k_dumps = "  memory: [4G]\n"
                                "  filter: [17, 31]\n"
                                "  compression: [none, lzo]\n"
                                "  format: [flattened, kdump]\n";
/// What a template cannot save: zlib alone takes longer than all that goes before it.
constexpr const char* k_zlib_dumps = "  memory: [4G]\n"
                                     "  filter: [16, 24, 30, 31]\n"
                                     "  compression: [lzo, zlib]\n";
constexpr const char* k_sizes[] = {"1G", "2G", "4G", "16G", "64G", "256G"};
constexpr unsigned k_jobs[] = {1, 2, 3, 4};
constexpr int k_cells_at_once = 8;

std::string memory_axis(const std::string& memory) {
  return fmt::format("  memory: [{}]\n", memory);
}

/// What a set of cells evens out one alone shows: where KASLR puts a kernel, reading its /proc/kallsyms takes
/// kexec-tools 0.2 to 1.1 s, and one boot in three is a slow one.
constexpr int k_rounds_of_one_cell = 4;

/// What the children that read the dumps took, all together.
double verify_seconds(const RunResult& result) {
  double sum = 0;
  for (const auto& cell : result.cells)
    if (auto seen = cell.observed.find("verify.cpu_seconds"); seen != cell.observed.end())
      sum += std::get<double>(seen->second);
  return sum;
}

/// All cells of a matrix by hand, one after the other.
double bare_seconds(const Workbench& bench, const std::vector<Cell>& cells) {
  double sum = 0;
  for (const auto& cell : cells)
    sum += run_bare_cell(bench.repository, bench.kernel, by_hand(cell.parameters)).measured.wall.count();
  return sum;
}

/// A set of cells cold, forked and by hand in turns; whether forked ones end as they do cold is not asked here. kdt's
/// own share is that of the cold run: what it takes once for each run is then spread over its cells, as in any run.
void measure_forks(const Workbench& bench, const std::string& name, const std::string& axes, Results& results) {
  const auto matrix = matrix_text(bench.kernel.name, axes);
  const auto cells = cells_of(matrix);
  std::vector<double> forked, cold, bare, own, verifying;
  take_turns(name, bench.rounds,
             {[&] {
                auto whole = run_kdt(bench.program, matrix, {"-j", "1", k_no_templates});
                const auto& run = whole.measured;
                cold.push_back(run.wall.count());
                own.push_back(100 * run.own / (run.own + run.children));
                verifying.push_back(100 * verify_seconds(whole.result) / (run.own + run.children).count());
              },
              [&] {
                forked.push_back(run_kdt(bench.program, matrix, {"-j", "1"}).measured.wall.count());
              },
              [&] { bare.push_back(bare_seconds(bench, cells)); }});
  add(results, "cells", name + ", cold", "s", cold);
  add(results, "cells", name + ", forked", "s", forked);
  add(results, "cells", name + ", bare", "s", bare);
  add(results, "cells", name + ", cold / forked", "ratio", ratios(cold, forked));
  add(results, "cells", name + ", bare / forked", "ratio", ratios(bare, forked));
  add(results, "cells", name + ", cold / bare", "ratio", ratios(cold, bare));
  add(results, "cells", name + ", kdt's own processor time", "%", own);
  add(results, "cells", name + ", processor time of verifying the dumps", "%", verifying);
}

} // namespace

void measure_cells(const Workbench& bench, Results& results) {
  const std::string memory = "4G";
  auto matrix = matrix_text(bench.kernel.name, memory_axis(memory));
  std::vector<double> bare, bare_single, kdt, cell, without_verify;
  auto run_bare = [&](const std::string& accelerator) {
    return run_bare_cell(bench.repository, bench.kernel, {.memory = memory, .accelerator = accelerator})
        .measured.wall.count();
  };
  take_turns(memory + " cell", k_rounds_of_one_cell * bench.rounds,
             {[&] { bare.push_back(run_bare("tcg,thread=multi")); },
              [&] { bare_single.push_back(run_bare("tcg,thread=single")); },
              [&] {
                auto run = run_kdt(bench.program, matrix, {"-j", "1"});
                const auto& first = run.result.cells.at(0);
                kdt.push_back(run.measured.wall.count());
                cell.push_back(first.seconds.count());
                without_verify.push_back(first.seconds.count() - seconds_of(first, Phase::verify));
              }});
  add(results, "cells", "bare script, " + memory, "s", bare);
  add(results, "cells", "kdt cold, " + memory, "s", kdt);
  add(results, "cells", "kdt cold, " + memory + ", the cell", "s", cell);
  add(results, "cells", "kdt cold / bare script, " + memory, "ratio", ratios(kdt, bare));
  add(results, "cells", "kdt cold / bare script with one thread of TCG, " + memory, "ratio", ratios(kdt, bare_single));
  add(results, "cells", "the cell / bare script, " + memory, "ratio", ratios(cell, bare));
  add(results, "cells", "the cell without verify / bare script, " + memory, "ratio", ratios(without_verify, bare));
  if (knows_option(bench.program, k_no_templates)) {
    measure_forks(bench, "triggers", k_triggers, results);
    measure_forks(bench, "dump settings", k_dumps, results);
    measure_forks(bench, "dump settings, half of them zlib", k_zlib_dumps, results);
  } else {
    results.not_measured["cells/forked"] = fmt::format("this kdt has no {}", k_no_templates);
  }
}

void measure_save(const Workbench& bench, const std::string& memory, Results& results) {
  auto matrix = matrix_text(bench.kernel.name, memory_axis(memory));
  std::vector<double> trial, kdt;
  take_turns("saving " + memory, bench.rounds,
             {[&] { trial.push_back(run_bare_cell(bench.repository, bench.kernel, {.memory = memory}).save.count()); },
              [&] {
                kdt.push_back(seconds_of(run_kdt(bench.program, matrix, {"-j", "1"}).result.cells.at(0), Phase::save));
              }});
  add(results, "save", memory + ", the trial's settings", "s", trial);
  add(results, "save", memory + ", kdt", "s", kdt);
  add(results, "save", memory + ", kdt / trial", "ratio", ratios(kdt, trial));
}

void measure_jobs(const Workbench& bench, Results& results) {
  auto matrix = matrix_text(bench.kernel.name, memory_axis("1G"));
  std::map<unsigned, std::vector<double>> rates;
  std::vector<std::function<void()>> turns;
  for (auto jobs : k_jobs)
    turns.emplace_back([&, jobs] {
      auto run =
          run_kdt(bench.program, matrix, {"-j", std::to_string(jobs), "--repeat", std::to_string(k_cells_at_once)});
      rates[jobs].push_back(k_cells_at_once * 3600 / run.measured.wall.count());
    });
  take_turns("cells at once", bench.rounds, turns);
  for (const auto& [jobs, rate] : rates) add(results, "jobs", fmt::format("-j {}", jobs), "cells/h", rate);
}

void measure_memory(const Workbench& bench, Results& results) {
  for (const char* memory : k_sizes) {
    std::map<Phase, std::vector<double>> phases;
    std::vector<double> all;
    take_turns(memory, bench.rounds, {[&] {
                 auto run = run_kdt(bench.program, matrix_text(bench.kernel.name, memory_axis(memory)), {"-j", "1"});
                 const auto& cell = run.result.cells.at(0);
                 all.push_back(cell.seconds.count());
                 for (auto phase : {Phase::boot, Phase::load, Phase::probe, Phase::trigger, Phase::capture, Phase::save,
                                    Phase::verify})
                   phases[phase].push_back(seconds_of(cell, phase));
               }});
    add(results, "memory", std::string(memory) + ", the cell", "s", all);
    for (const auto& [phase, seconds] : phases)
      add(results, "memory", fmt::format("{}, {}", memory, to_string(phase)), "s", seconds);
  }
}

void measure_settings(const Workbench& bench, Results& results) {
  measure_choices(
      choices(), bench.rounds,
      [&](const BareSettings& guest) { return run_bare_cell(bench.repository, bench.kernel, guest); }, results);
}

void measure_initcalls(const Workbench& bench, Results& results) {
  BareSettings guest{.accelerator = "tcg,thread=single", .cmdline = k_initcall_words};
  guest.capture_cmdline += std::string(" ") + k_initcall_words;
  add_initcalls(run_bare_cell(bench.repository, bench.kernel, guest).console, results);
}

} // namespace kdt::bench
