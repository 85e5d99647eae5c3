#include "cli/results.hpp"

#include "base/error.hpp"
#include "cli/page.hpp"
#include "report/junit.hpp"
#include "report/run_json.hpp"
#include "report/summary.hpp"
#include "run/history.hpp"
#include "run/journal.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>

namespace kdt::cli {

namespace {
RunResult read_content(const fs::path& place) {
  if (!fs::is_directory(place)) return report::read_run_json(place);
  if (fs::exists(place / "run.json") || !fs::exists(place / "journal.jsonl"))
    return report::read_run_json(place / "run.json");
  auto content = run::read_journal(place / "journal.jsonl");
  content.run.cells = std::move(content.cells);
  content.run.exit_status = exit_status(content.run);
  return std::move(content.run);
}
} // namespace

RunResult read_run(const fs::path& place) {
  auto run = read_content(place);
  if (fs::is_directory(place)) run.directory = place.string();
  return run;
}

void write_results(const RunResult& run, const fs::path& directory, const RunResult* baseline) {
  report::write_run_json(run, directory / "run.json");
  report::write_junit(run, directory / "junit.xml");
  report::write_summary_md(run, directory / "summary.md");
  write_page(run, directory / "report.html", {.directory = directory, .baseline = baseline});
}

fs::path history_file() {
  const char* named = std::getenv("KDT_HISTORY");
  return named != nullptr && *named != '\0' ? fs::path(named) : default_cache_directory() / "history.sqlite";
}

void remember(const RunResult& run, const fs::path& directory, bool resumed) {
  try {
    run::History(history_file()).add(run, directory, resumed);
  } catch (const Error& error) {
    spdlog::warn("{}. This run is not in the history; delete the file if this stays so", error.what());
  }
}

} // namespace kdt::cli
