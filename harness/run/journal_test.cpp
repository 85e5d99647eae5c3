#include "base/error.hpp"
#include "base/file.hpp"
#include "run/journal.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

namespace kdt::run {

namespace {
CellResult cell(const std::string& id, Verdict verdict) {
  CellResult result;
  result.cell.id = id;
  result.cell.slug = id;
  result.cell.parameters.kernel = "k";
  result.verdict = verdict;
  return result;
}
} // namespace

TEST(Journal, GivesBackWhatEnded) {
  TempDir directory("kdt-test");
  auto file = directory.path() / "journal.jsonl";
  RunResult run{.run_id = "r1", .matrix = "m.yaml", .started = "2026-01-01T00:00:00Z"};
  Journal journal(file, run, {});
  journal.add(cell("a", Verdict::pass));
  journal.add(cell("b", Verdict::error));
  journal.add(cell("b", Verdict::pass)); // run again
  journal.end(run);
  auto content = read_journal(file);
  EXPECT_EQ(content.run.run_id, "r1");
  ASSERT_EQ(content.cells.size(), 2U);
  EXPECT_EQ(content.cells[1].verdict, Verdict::pass);
}

TEST(Journal, SurvivesALineCutShortAndIsAppendedTo) {
  TempDir directory("kdt-test");
  auto file = directory.path() / "journal.jsonl";
  { Journal(file, RunResult{.run_id = "r1"}, {}).add(cell("a", Verdict::pass)); }
  auto fd = open_file(file, O_WRONLY | O_APPEND);
  write_all(fd.get(), R"({"schema":1,"type":"cell","cell":{"id":"b)", "journal");
  Journal resumed(file, RunResult{.run_id = "r2"}, {});
  resumed.add(cell("c", Verdict::fail));
  auto content = read_journal(file);
  EXPECT_EQ(content.run.run_id, "r1");
  ASSERT_EQ(content.cells.size(), 2U);
  EXPECT_EQ(content.cells[1].cell.id, "c");
}

TEST(Journal, BelongsToOneRunAtATimeAndHasNoEmptyLine) {
  TempDir directory("kdt-test");
  auto file = directory.path() / "journal.jsonl";
  {
    Journal first(file, RunResult{.run_id = "r1"}, {});
    EXPECT_THROW(Journal(file, RunResult{.run_id = "r2"}, {}), Error);
  }
  Journal(file, RunResult{.run_id = "r1"}, {}).end(RunResult{.run_id = "r1"});
  EXPECT_EQ(read_file(file).find("\n\n"), std::string::npos);
}

TEST(Journal, RefusesAnotherSchemaAndNoFile) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "j", R"({"schema":99,"type":"run"})");
  EXPECT_THROW(read_journal(directory.path() / "j"), Error);
  EXPECT_THROW(read_journal(directory.path() / "none"), Error);
}

} // namespace kdt::run
