#include "bench/kdt_run.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "matrix/expand.hpp"
#include "matrix/matrix.hpp"
#include "report/run_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::bench {

std::string matrix_text(const std::string& kernel, const std::string& axes, const std::string& defaults) {
  return fmt::format("name: bench\nkernels: [{0}]\ndefaults: {{kernel: {0}, crashkernel: 256M{1}}}\naxes:\n{2}", kernel,
                     defaults, axes);
}

std::vector<Cell> cells_of(const std::string& matrix) {
  TempDir place("kdt-bench");
  auto file = place.path() / "bench.yaml";
  write_file(file, matrix);
  return matrix::expand(matrix::load_matrix(file, {}));
}

KdtRun run_kdt(const fs::path& program, const std::string& matrix, const std::vector<std::string>& options) {
  TempDir place("kdt-bench");
  auto file = place.path() / "bench.yaml", directory = place.path() / "run", log = place.path() / "log";
  write_file(file, matrix);
  std::vector<std::string> argv{"/usr/bin/env",
                                "KDT_HISTORY=" + (place.path() / "history").string(),
                                program.string(),
                                "run",
                                file.string(),
                                "--out",
                                directory.string(),
                                "--keep",
                                "none"};
  argv.insert(argv.end(), options.begin(), options.end());
  KdtRun run{.measured = measure(argv, log), .result = {}};
  if (!run.measured.status.success())
    throw Error(Blame::infra, "kdt run ended with {}: {}", to_string(run.measured.status), read_file(log));
  run.result = report::read_run_json(directory / "run.json");
  return run;
}

double seconds_of(const CellResult& cell, Phase phase) {
  auto found = std::ranges::find(cell.phases, phase, &PhaseResult::phase);
  return found == cell.phases.end() ? 0 : found->seconds.count();
}

bool knows_option(const fs::path& program, const std::string& option) {
  auto help = run_program({.argv = {program.string(), "run", "--help"}}, Deadline::after(std::chrono::minutes(1)));
  return help.out.find(option) != std::string::npos;
}

} // namespace kdt::bench
