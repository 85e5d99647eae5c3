#include "bench/parts.hpp"

#include "base/file.hpp"
#include "bench/scripted.hpp"
#include "console/boot_tracker.hpp"
#include "console/line_splitter.hpp"
#include "matrix/expand.hpp"
#include "report/html.hpp"
#include "report/junit.hpp"
#include "report/run_json.hpp"
#include "report/summary.hpp"

#include <benchmark/benchmark.h>

namespace kdt::bench {

namespace {

constexpr int k_repetitions = 5;
constexpr std::size_t k_chunk = 4096;      // about what a read of the console brings
constexpr std::size_t k_console = 4 << 20; // bytes
constexpr std::size_t k_judged = 10'000;   // cells
constexpr std::size_t k_in_report = 324;   // cells of matrices/arm64.yaml
constexpr std::size_t k_scripted[] = {10, 100, 1000};

/// A whole kdump cycle as a guest printed it, over and over.
std::string long_console(const fs::path& repository) {
  auto once = read_file(repository / "harness/console/testdata/capture-no-port.console"), all = std::string();
  while (all.size() < k_console) all += once;
  return all;
}

void scan_console(benchmark::State& state, const std::string& console) {
  for (auto _ : state) {
    console::LineSplitter splitter;
    console::BootTracker tracker;
    for (std::size_t at = 0; at < console.size(); at += k_chunk)
      for (const auto& line : splitter.feed(std::string_view(console).substr(at, k_chunk)))
        benchmark::DoNotOptimize(tracker.feed(line));
  }
}

void expand_matrix(benchmark::State& state, const matrix::Matrix& matrix) {
  for (auto _ : state) benchmark::DoNotOptimize(matrix::expand(matrix));
}

void judge_cells(benchmark::State& state, const run::Expectations& expectations, const CellResult& recorded) {
  for (auto _ : state)
    for (std::size_t i = 0; i < k_judged; ++i) {
      auto result = recorded;
      run::judge_cell(expectations, result);
      benchmark::DoNotOptimize(result);
    }
}

void render(benchmark::State& state, const RunResult& run, std::string (*text)(const RunResult&)) {
  for (auto _ : state) benchmark::DoNotOptimize(text(run));
}

/// As many cells as the whole arm64 matrix has, each with all that a cell leaves behind.
RunResult large_run(const RunResult& recorded) {
  auto run = recorded;
  run.cells.assign(k_in_report, recorded.cells.at(0));
  for (std::size_t i = 0; i < run.cells.size(); ++i) run.cells[i].cell.id = fmt::format("cell={}", i);
  return run;
}

/// Keeps what each repetition took, beside what the console reporter prints.
class Reporter final : public benchmark::ConsoleReporter {
public:
  Reporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& run : runs)
      if (run.run_type == Run::RT_Iteration && !run.error_occurred)
        seconds[run.run_name.function_name].push_back(run.real_accumulated_time / static_cast<double>(run.iterations));
    ConsoleReporter::ReportRuns(runs);
  }
  std::map<std::string, std::vector<double>> seconds;
};

void add(Results& results, const Reporter& reporter, const std::string& name, const std::string& unit,
         double (*value)(double seconds)) {
  auto found = reporter.seconds.find(name);
  if (found == reporter.seconds.end()) return;
  std::vector<double> values;
  for (auto seconds : found->second) values.push_back(value(seconds));
  add(results, "parts", name, unit, values);
}

double as_seconds(double seconds) {
  return seconds;
}
double as_milliseconds(double seconds) {
  return seconds * 1e3;
}
double as_console_rate(double seconds) {
  return static_cast<double>(k_console) / 1e6 / seconds;
}

} // namespace

void measure_parts(image::Images& images, const std::string& kernel, Results& results) {
  const auto& repository = images.repository();
  auto console = long_console(repository);
  auto arm64 = matrix::load_matrix(repository / "matrices/arm64.yaml", images.catalogue().names());
  auto rules = run::read_expectations({.expectations = arm64.expectations,
                                       .known_issues = arm64.known_issues,
                                       .triggers = repository / "matrices/triggers/linux.yaml"});
  TempDir place("kdt-bench");
  auto recorded = run_scripted(images, kernel, place.path() / "run", 1).result;
  auto run = large_run(recorded);

  auto part = [](const std::string& name, auto&& what) {
    benchmark::RegisterBenchmark(name.c_str(), what)
        ->Unit(benchmark::kMillisecond)
        ->MinTime(0.2)
        ->Repetitions(k_repetitions)
        ->UseRealTime();
  };
  part("reading a console", [&](benchmark::State& state) { scan_console(state, console); });
  part("expanding arm64.yaml", [&](benchmark::State& state) { expand_matrix(state, arm64); });
  part("judging 10000 cells", [&](benchmark::State& state) { judge_cells(state, rules, recorded.cells.at(0)); });
  part("report.html of 324 cells",
       [&](benchmark::State& state) { render(state, run, [](const RunResult& r) { return report::report_html(r); }); });
  part("junit.xml of 324 cells", [&](benchmark::State& state) { render(state, run, report::junit); });
  part("run.json of 324 cells", [&](benchmark::State& state) { render(state, run, report::run_json); });
  part("summary.md of 324 cells", [&](benchmark::State& state) { render(state, run, report::summary_markdown); });

  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  add(results, reporter, "reading a console", "MB/s", as_console_rate);
  add(results, reporter, "judging 10000 cells", "s", as_seconds);
  for (const char* name : {"expanding arm64.yaml", "report.html of 324 cells", "junit.xml of 324 cells",
                           "run.json of 324 cells", "summary.md of 324 cells"})
    add(results, reporter, name, "ms", as_milliseconds);
}

void measure_scripted(image::Images& images, const std::string& kernel, Results& results) {
  for (auto count : k_scripted) {
    std::vector<double> milliseconds;
    for (int i = 0; i < (count < 1000 ? k_repetitions : 1); ++i) {
      TempDir place("kdt-bench");
      auto run = run_scripted(images, kernel, place.path() / "run", count);
      milliseconds.push_back(run.seconds.count() * 1e3 / static_cast<double>(count));
    }
    add(results, "scripted", fmt::format("a cell of {}", count), "ms", milliseconds);
  }
}

} // namespace kdt::bench
