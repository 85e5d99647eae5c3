#include "base/error.hpp"
#include "cli/results.hpp"
#include "run/history.hpp"
#include "run/journal.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kdt::cli {

namespace {

CellResult named(const std::string& id, Verdict verdict) {
  CellResult cell;
  cell.cell.id = cell.cell.slug = id;
  cell.verdict = verdict;
  return cell;
}

const RunResult k_run{.run_id = "r",
                      .matrix = "m.yaml",
                      .started = "2026-01-05T00:00:00Z",
                      .finished = "2026-01-05T00:01:00Z",
                      .exit_status = 1,
                      .cells = {named("a", Verdict::fail)}};

TEST(Results, AreReadBack) {
  TempDir place("kdt-test");
  write_results(k_run, place.path(), nullptr);
  for (const char* file : {"run.json", "junit.xml", "summary.md", "report.html"})
    EXPECT_TRUE(fs::exists(place.path() / file)) << file;
  EXPECT_EQ(read_run(place.path()).cells.size(), 1U);
  EXPECT_EQ(read_run(place.path() / "run.json").exit_status, 1);
}

TEST(Results, OfARunThatGoesOnAreThoseOfItsJournal) {
  TempDir place("kdt-test");
  run::Journal(place.path() / "journal.jsonl", k_run, {"a", "b"}).add(k_run.cells[0]);
  auto run = read_run(place.path());
  EXPECT_EQ(run.cells.size(), 1U);
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.finished, "");
}

TEST(Results, ThatAreNotThereAreAUsageError) {
  TempDir place("kdt-test");
  try {
    read_run(place.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
  }
}

TEST(Remember, PutsTheRunIntoTheHistoryThatIsNamed) {
  TempDir place("kdt-test");
  auto file = place.path() / "h.sqlite";
  ::setenv("KDT_HISTORY", file.c_str(), 1);
  EXPECT_EQ(history_file(), file);
  remember(k_run, "/r", false);
  EXPECT_EQ(run::History(file).cells("a", 9).size(), 1U);
  write_file(file, std::string(4096, 'x'));
  EXPECT_NO_THROW(remember(k_run, "/r", false)); // and warns
  ::unsetenv("KDT_HISTORY");
  EXPECT_EQ(history_file().filename(), "history.sqlite");
}

} // namespace
} // namespace kdt::cli
