// kdt-bench, which `./kdt bench` builds and starts: what kdt takes, against a bare script and against what it should.

#include "base/error.hpp"
#include "bench/cells.hpp"
#include "bench/parts.hpp"
#include "cli/repository.hpp"
#include "cli/version.hpp"
#include "machine/qemu_machine.hpp"
#include "run/host.hpp"
#include "vmcore/verify.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace {

using namespace kdt;
using namespace kdt::bench;

constexpr const char* k_kernel = "v6.1-dma";

/// A word of --only.
struct Group {
  const char* name;
  bool usual; ///< takes minutes, not an hour
  void (*measure)(image::Images& images, const Workbench& bench, Results& results);
};

const std::vector<Group> k_groups{
    {"parts", true,
     [](image::Images& images, const Workbench&, Results& out) { measure_parts(images, k_kernel, out); }},
    {"scripted", true,
     [](image::Images& images, const Workbench&, Results& out) { measure_scripted(images, k_kernel, out); }},
    {"cells", true, [](image::Images&, const Workbench& bench, Results& out) { measure_cells(bench, out); }},
    {"save", false, [](image::Images&, const Workbench& bench, Results& out) { measure_save(bench, "64G", out); }},
    {"jobs", false, [](image::Images&, const Workbench& bench, Results& out) { measure_jobs(bench, out); }},
    {"memory", false, [](image::Images&, const Workbench& bench, Results& out) { measure_memory(bench, out); }},
    {"settings", false, [](image::Images&, const Workbench& bench, Results& out) { measure_settings(bench, out); }},
    {"initcalls", false, [](image::Images&, const Workbench& bench, Results& out) { measure_initcalls(bench, out); }},
};

std::vector<std::string> names_of(bool (*which)(const Group&)) {
  std::vector<std::string> names;
  for (const auto& group : k_groups)
    if (which(group)) names.emplace_back(group.name);
  return names;
}

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
  std::vector<std::string> groups = names_of([](const Group& group) { return group.usual; });
  int rounds = 3;
  fs::path out;
};

Arguments read_arguments(CLI::App& app, int argc, char** argv) {
  Arguments arguments;
  app.add_option("--only", arguments.groups,
                 fmt::format("what to measure (default: {}; bench/README.md tells what the others are)",
                             fmt::join(arguments.groups, ",")))
      ->delimiter(',')
      ->check(CLI::IsMember(names_of([](const Group&) { return true; })));
  app.add_option("--rounds", arguments.rounds, "measure whole cells so often, in turns")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option(
      "--out", arguments.out,
      "write the figures there as JSON (default: bench/results.json of the tree); groups that are not measured "
      "now keep what is there of them");
  app.footer("bench/README.md tells what each figure means, and what was measured so far.");
  app.parse(argc, argv);
  if (arguments.out.empty()) arguments.out = cli::find_repository() / "bench/results.json";
  return arguments;
}

/// Measures one group after the other and writes what is known after each: a later one that fails takes nothing away.
Results measure_all(const Arguments& arguments) {
  auto repository = cli::find_repository();
  image::Images images(default_cache_directory(), repository,
                       [](const image::Progress& progress) { std::fprintf(stderr, "%s\n", progress.what.c_str()); });
  Workbench bench{.repository = repository,
                  .program = fs::read_symlink("/proc/self/exe").parent_path() / "kdt",
                  .kernel = images.kernel(k_kernel),
                  .rounds = arguments.rounds};
  auto host = run::describe_host(machine::qemu_version());
  host["kdt"] = cli::kdt_version(repository);
  Results results;
  for (const auto& group : k_groups) {
    if (std::ranges::find(arguments.groups, group.name) == arguments.groups.end()) continue;
    auto started = run::timestamp();
    group.measure(images, bench, results);
    results.measured[group.name] = {.started = started, .finished = run::timestamp(), .host = host};
    if (!write_results(arguments.out, results, targets()))
      fmt::print(stderr, "kdt-bench: {} had another form; none of its figures is kept\n", arguments.out.string());
  }
  return results;
}

} // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && argv[1] == vmcore::k_verify_command) return vmcore::verify_child_main(argc, argv);
  CLI::App app("Measures kdt: its parts, and whole cells against a bare script that does the same.", "kdt bench");
  try {
    auto arguments = read_arguments(app, argc, argv);
    auto results = measure_all(arguments);
    std::fputs(to_text(results, targets()).c_str(), stdout);
    fmt::print(stderr, "kdt-bench: these figures are in {}\n", arguments.out.string());
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Error& error) {
    std::fprintf(stderr, "kdt bench: %s\n", error.what());
    return error.blame() == Blame::usage ? 2 : 3;
  }
}
