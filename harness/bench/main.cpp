// kdt-bench, which `./kdt bench` builds and starts: what kdt takes, against a bare script and against what it should.

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "bench/cells.hpp"
#include "bench/parts.hpp"
#include "cli/repository.hpp"
#include "cli/version.hpp"
#include "machine/qemu_machine.hpp"
#include "run/host.hpp"
#include "vmcore/verify.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace {

using namespace kdt;
using namespace kdt::bench;

constexpr const char* k_kernel = "v6.1-dma";
const std::vector<std::string> k_groups{"parts", "cells", "save", "jobs", "memory"};
/// Those that take minutes, not an hour.
const std::vector<std::string> k_usual{"parts", "cells"};

const std::vector<Target>& targets() {
  static const std::vector<Target> k_targets{
      {.group = "parts", .name = "reading a console", .at_least = 200},
      {.group = "parts", .name = "judging 10000 cells", .at_most = 2},
      {.group = "cells", .name = "kdt cold / bare script, 4G", .at_most = 1.05},
      {.group = "cells", .name = "the cell / bare script, 4G", .at_most = 1.11},
      {.group = "cells", .name = "triggers, kdt's own processor time", .at_most = 3},
      {.group = "cells", .name = "triggers, cold / forked", .at_least = 1.6},
      {.group = "cells", .name = "dump settings, cold / forked", .at_least = 2.0},
      {.group = "save", .name = "64G, kdt", .at_most = 16},
      {.group = "save", .name = "64G, kdt / trial", .at_most = 0.65},
  };
  return k_targets;
}

struct Arguments {
  std::vector<std::string> groups = k_usual;
  int rounds = 3;
  std::string out;
};

Arguments read_arguments(CLI::App& app, int argc, char** argv) {
  Arguments arguments;
  app.add_option("--only", arguments.groups, "what to measure (default: parts,cells; save, jobs and memory take long)")
      ->delimiter(',')
      ->check(CLI::IsMember(k_groups));
  app.add_option("--rounds", arguments.rounds, "measure whole cells so often, in turns")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--out", arguments.out, "write the figures there as JSON (reports/schema/bench.schema.json)");
  app.footer("bench/README.md tells what each figure means, and what was measured so far.");
  app.parse(argc, argv);
  return arguments;
}

Results measure_all(const Arguments& arguments) {
  auto repository = cli::find_repository();
  image::Images images(default_cache_directory(), repository,
                       [](const image::Progress& progress) { std::fprintf(stderr, "%s\n", progress.what.c_str()); });
  Workbench bench{.repository = repository,
                  .program = fs::read_symlink("/proc/self/exe").parent_path() / "kdt",
                  .kernel = images.kernel(k_kernel),
                  .rounds = arguments.rounds};
  Results results;
  results.host = run::describe_host(machine::qemu_version());
  results.host["kdt"] = cli::kdt_version(repository);
  results.started = run::timestamp();
  auto wanted = [&](const char* group) { return std::ranges::find(arguments.groups, group) != arguments.groups.end(); };
  if (wanted("parts")) measure_parts(images, k_kernel, results);
  if (wanted("cells")) measure_cells(bench, results);
  if (wanted("save")) measure_save(bench, "64G", results);
  if (wanted("jobs")) measure_jobs(bench, results);
  if (wanted("memory")) measure_memory(bench, results);
  results.finished = run::timestamp();
  return results;
}

} // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && argv[1] == vmcore::k_verify_command) return vmcore::verify_child_main(argc, argv);
  CLI::App app("Measures kdt: its parts, and whole cells against a bare script that does the same.", "kdt bench");
  try {
    auto arguments = read_arguments(app, argc, argv);
    auto results = measure_all(arguments);
    if (!arguments.out.empty()) write_file(arguments.out, to_json(results, targets()).dump(2) + "\n");
    std::fputs(to_text(results, targets()).c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Error& error) {
    std::fprintf(stderr, "kdt bench: %s\n", error.what());
    return error.blame() == Blame::usage ? 2 : 3;
  }
}
