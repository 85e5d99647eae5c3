#include "run/history.hpp"

#include "base/text.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace kdt::run {

namespace fs = std::filesystem;

namespace {

constexpr int k_tables_version = 1;           // of the tables
constexpr std::int64_t k_most_cells = 500000; // cells: about 200 MB
constexpr std::size_t k_recent = 5;           // cells whose median is taken

const std::vector<const char*> k_history_tables{
    "CREATE TABLE IF NOT EXISTS runs(id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, directory TEXT NOT NULL, "
    "matrix TEXT NOT NULL, name TEXT NOT NULL, started TEXT NOT NULL, finished TEXT NOT NULL, "
    "exit_status INTEGER NOT NULL, whole INTEGER NOT NULL, emulator TEXT NOT NULL, kdt TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS cells(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, cell TEXT NOT NULL, "
    "experiment TEXT NOT NULL, fingerprint TEXT NOT NULL, verdict TEXT NOT NULL, blame TEXT NOT NULL, "
    "codes TEXT NOT NULL, why TEXT NOT NULL, seconds REAL NOT NULL, phases TEXT NOT NULL, kernel TEXT NOT NULL, "
    "release TEXT NOT NULL, build_id TEXT NOT NULL, origin TEXT NOT NULL, accelerator TEXT NOT NULL, "
    "attempts INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS by_experiment ON cells(experiment)",
    "CREATE INDEX IF NOT EXISTS by_fingerprint ON cells(fingerprint)",
    "CREATE INDEX IF NOT EXISTS by_run ON cells(run)",
    "CREATE INDEX IF NOT EXISTS by_name ON runs(name)"};

std::string fact(const CellResult& cell, const char* name) {
  const auto* value = find(cell.facts, name);
  return value == nullptr ? "" : to_string(*value);
}

std::string codes_of(const CellResult& cell) {
  std::set<std::string> codes;
  for (const auto& finding : cell.findings) codes.insert(finding.code);
  return fmt::format("{}", fmt::join(codes, " "));
}

std::string phases_of(const CellResult& cell) {
  auto json = nlohmann::json::object();
  for (const auto& phase : cell.phases)
    if (phase.outcome != "skipped") json[std::string(to_string(phase.phase))] = phase.seconds.count();
  return json.dump();
}

std::vector<std::pair<Phase, double>> read_phases(const std::string& text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  std::vector<std::pair<Phase, double>> phases;
  for (auto phase : k_phases)
    if (auto it = json.find(to_string(phase)); it != json.end() && it->is_number()) phases.emplace_back(phase, *it);
  return phases;
}

std::string of_host(const RunResult& run, const char* what) {
  auto it = run.host.find(what);
  return it == run.host.end() ? "" : it->second;
}

PastRun past_run(const Row& row, int column) {
  return {.run_id = row.text(column),
          .directory = row.text(column + 1),
          .matrix = row.text(column + 2),
          .started = row.text(column + 3),
          .kdt = row.text(column + 4),
          .emulator = row.text(column + 5),
          .whole = row.integer(column + 6) != 0};
}

constexpr const char* k_run_columns =
    "runs.run_id, runs.directory, runs.matrix, runs.started, runs.kdt, runs.emulator, runs.whole";

} // namespace

History::History(const fs::path& file) : database_(file, k_tables_version, k_history_tables) {}

std::string History::place_of(const fs::path& directory) {
  auto place = fs::absolute(directory).lexically_normal();
  return (place.has_filename() ? place : place.parent_path()).string(); // without a slash at its end
}

std::string History::name_of(const std::string& matrix) {
  return fs::path(matrix).stem().string();
}

void History::add(const RunResult& run, const fs::path& directory, bool resumed) {
  auto place = place_of(directory);
  database_.transaction([&] {
    if (resumed) {
      constexpr const char* last = "(SELECT max(id) FROM runs WHERE directory = ?)";
      database_.run(fmt::format("DELETE FROM cells WHERE run = {}", last), {place});
      database_.run(fmt::format("DELETE FROM runs WHERE id = {}", last), {place});
    }
    bool whole = !run.shard && !(run.merged && !run.merged->missing_shards.empty());
    database_.run("INSERT INTO runs VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  {run.run_id, place, run.matrix, name_of(run.matrix), run.started, run.finished,
                   std::int64_t{run.exit_status}, std::int64_t{whole}, of_host(run, "emulator"), of_host(run, "kdt")});
    auto row = database_.last_row();
    for (const auto& cell : run.cells) {
      const auto* finding = cause(cell);
      database_.run("INSERT INTO cells VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    {row, cell.cell.id, experiment_id(cell.cell.id), cell.fingerprint,
                     std::string(to_string(cell.verdict)), cell.blame ? std::string(to_string(*cell.blame)) : "",
                     codes_of(cell), finding == nullptr ? "" : printable(finding->text), cell.seconds.count(),
                     phases_of(cell), cell.cell.parameters.kernel, fact(cell, "release"), fact(cell, "build_id"),
                     fact(cell, "origin"), cell.accelerator, std::int64_t{cell.attempts}});
    }
    database_.run("DELETE FROM cells WHERE id <= (SELECT max(id) FROM cells) - ?", {k_most_cells});
    database_.run("DELETE FROM runs WHERE id < (SELECT min(run) FROM cells)");
  });
}

std::vector<std::string> History::experiments() const {
  std::vector<std::string> ids;
  database_.each_row("SELECT DISTINCT experiment FROM cells ORDER BY experiment", {},
                     [&](const Row& row) { ids.push_back(row.text(0)); });
  return ids;
}

std::vector<PastCell> History::select(const std::string& condition, const std::string& value, std::size_t most) const {
  std::vector<PastCell> cells;
  auto sql = fmt::format("SELECT {}, cell, fingerprint, verdict, blame, codes, why, seconds, phases, kernel, release, "
                         "build_id, origin, accelerator, attempts FROM cells JOIN runs ON runs.id = cells.run "
                         "WHERE {} ORDER BY runs.started DESC, cells.run DESC, cells.id LIMIT {}",
                         k_run_columns, condition, most);
  std::set<std::tuple<std::string, std::string, double>> seen;
  database_.each_row(sql, {value}, [&](const Row& row) {
    // A shard's cell and the same one in the merged run, to the nanosecond. What did not run took no time.
    bool again = !seen.emplace(row.text(7), row.text(8), row.real(13)).second;
    if (again && row.real(13) > 0) return;
    auto codes = row.text(11);
    cells.push_back({.run = past_run(row, 0),
                     .id = row.text(7),
                     .fingerprint = row.text(8),
                     .verdict = verdict_from(row.text(9)),
                     .blame = row.text(10),
                     .codes = codes.empty() ? std::vector<std::string>() : split(codes, ' '),
                     .why = row.text(12),
                     .seconds = row.real(13),
                     .phases = read_phases(row.text(14)),
                     .kernel = row.text(15),
                     .release = row.text(16),
                     .build_id = row.text(17),
                     .origin = row.text(18),
                     .accelerator = row.text(19),
                     .attempts = static_cast<int>(row.integer(20))});
  });
  return cells;
}

std::vector<PastCell> History::cells(const std::string& experiment, std::size_t most) const {
  return select("experiment = ?", experiment, most);
}

std::vector<PastCell> History::cells_with_fingerprint(const std::string& prefix, std::size_t most) const {
  return select("substr(fingerprint, 1, length(?1)) = ?1", prefix, most);
}

std::vector<PastRun> History::runs_like(const std::string& matrix_name,
                                        const std::vector<std::string>& experiments) const {
  std::set<std::string> wanted(experiments.begin(), experiments.end());
  struct Candidate {
    PastRun run{};
    std::set<std::string> common{};
  };
  std::map<std::int64_t, Candidate> candidates;
  database_.each_row(fmt::format("SELECT {}, runs.id, experiment FROM runs JOIN cells ON cells.run = runs.id WHERE "
                                 "runs.name = ? AND runs.exit_status <> 130",
                                 k_run_columns),
                     {matrix_name}, [&](const Row& row) {
                       auto experiment = row.text(8);
                       if (!wanted.contains(experiment)) return;
                       auto& candidate = candidates[row.integer(7)];
                       candidate.run = past_run(row, 0);
                       candidate.common.insert(std::move(experiment));
                     });
  std::vector<Candidate> sorted;
  for (auto& [id, candidate] : candidates) sorted.push_back(std::move(candidate));
  std::ranges::reverse(sorted); // the newest first
  std::ranges::stable_sort(sorted, std::ranges::greater(), [](const Candidate& each) { return each.common.size(); });
  std::vector<PastRun> runs;
  for (auto& candidate : sorted) runs.push_back(std::move(candidate.run));
  return runs;
}

std::map<std::string, double> History::seconds(const std::string& matrix_name,
                                               const std::vector<std::string>& experiments,
                                               const std::string& accelerator) const {
  std::map<std::string, double> medians;
  for (const auto& experiment : experiments) {
    std::vector<double> values;
    database_.each_row(
        fmt::format("SELECT seconds FROM cells JOIN runs ON runs.id = cells.run WHERE experiment = ? "
                    "AND name = ? AND accelerator = ? AND whole = 1 AND verdict NOT IN ('error', 'skip') "
                    "ORDER BY cells.id DESC LIMIT {}",
                    k_recent),
        {experiment, matrix_name, accelerator}, [&](const Row& row) { values.push_back(row.real(0)); });
    if (values.empty()) continue;
    std::ranges::sort(values);
    medians[experiment] = values[values.size() / 2];
  }
  return medians;
}

} // namespace kdt::run
