#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "run/journal.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>

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

TEST(Journal, KnowsWhichShardItIs) {
  TempDir place("kdt-test");
  auto file = place.path() / "journal.jsonl";
  {
    Journal(file, RunResult{.run_id = "r", .shard = Shard{.index = 2, .count = 3, .cut = "c", .cells = {{"a", 7}}}},
            {});
  }
  auto shard = read_journal(file).run.shard;
  ASSERT_TRUE(shard);
  EXPECT_EQ(shard->index, 2U);
  EXPECT_EQ(shard->cells[0].second, 7U);
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

namespace {
constexpr const char* k_ids[] = {"a", "b", "c"};

/// A whole journal of three cells.
std::string whole_journal(const fs::path& file) {
  RunResult run{.run_id = "r1", .matrix = "m.yaml", .started = "2026-01-01T00:00:00Z"};
  Journal journal(file, run, {"a", "b", "c"});
  for (const char* id : k_ids) journal.add(cell(id, *id == 'b' ? Verdict::fail : Verdict::pass));
  journal.end(run);
  return read_file(file);
}

std::string verdicts(const JournalContent& content) {
  std::map<std::string, std::string> by_id;
  for (const auto& each : content.cells) by_id[each.cell.id] = to_string(each.verdict);
  std::string text;
  for (const auto& [id, verdict] : by_id) text += id + "=" + verdict + " ";
  return text;
}
} // namespace

TEST(Journal, CutAtAnyByteLosesOnlyTheLineThatWasCut) {
  TempDir directory("kdt-test");
  auto file = directory.path() / "journal.jsonl";
  auto text = whole_journal(file);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    write_file(file, text.substr(0, cut));
    // A line is whole without its newline, too.
    auto lines = std::ranges::count(text.substr(0, cut) + (cut < text.size() && text[cut] == '\n' ? "\n" : ""), '\n');
    auto content = read_journal(file);
    EXPECT_EQ(std::ssize(content.cells), std::clamp<std::ptrdiff_t>(lines - 1, 0, 3)) << cut;
    EXPECT_EQ(content.run.matrix, lines > 0 ? "m.yaml" : "") << cut;
  }
}

TEST(Journal, CutAnywhereIsMendedAndFinishedWithTheSameVerdicts) {
  TempDir directory("kdt-test");
  auto file = directory.path() / "journal.jsonl";
  auto text = whole_journal(file);
  auto want = verdicts(read_journal(file));
  std::vector<std::size_t> cuts{0, 1, text.size() - 1, text.size()};
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    cuts.insert(cuts.end(), {at - 1, at, at + 1, std::min(at + 60, text.size())});
  for (auto cut : cuts) {
    for (std::size_t zeros : {0, 3}) { // some file systems leave zeros where data did not reach the disk
      write_file(file, text.substr(0, cut) + std::string(zeros, '\0'));
      auto before = read_journal(file);
      RunResult run{.run_id = "r1", .matrix = "m.yaml", .started = "2026-01-01T00:00:00Z"};
      {
        Journal journal(file, run, {"a", "b", "c"});
        for (const char* id : k_ids)
          if (std::ranges::none_of(before.cells, [&](const CellResult& each) { return each.cell.id == id; }))
            journal.add(cell(id, *id == 'b' ? Verdict::fail : Verdict::pass));
        journal.end(run);
      }
      EXPECT_EQ(verdicts(read_journal(file)), want) << cut;
      EXPECT_EQ(read_journal(file).run.run_id, "r1") << cut;
      for (const auto& line : split(trim(read_file(file)), '\n'))
        EXPECT_TRUE(nlohmann::json::parse(line, nullptr, false).is_object()) << cut << ": " << line;
    }
  }
}

TEST(Journal, ThatCannotGrowKeepsItsLinesWhole) {
  TempDir directory("kdt-test");
  auto file = directory.path() / "journal.jsonl";
  auto text = whole_journal(file);
  struct rlimit old {};
  ::getrlimit(RLIMIT_FSIZE, &old);
  auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  Journal journal(file, RunResult{.run_id = "r1"}, {});
  struct rlimit small {
    .rlim_cur = text.size() + 100, .rlim_max = old.rlim_max
  };
  ::setrlimit(RLIMIT_FSIZE, &small); // stands for a full disk: half of the line fits
  EXPECT_THROW(journal.add(cell("d", Verdict::pass)), Error);
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, ignored);
  EXPECT_EQ(read_file(file), text);
  journal.add(cell("d", Verdict::pass)); // there is room again
  EXPECT_EQ(read_journal(file).cells.size(), 4U);
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

TEST(Journal, RefusesAnotherSchemaAndWhatItDidNotWriteAndNoFile) {
  TempDir directory("kdt-test");
  for (const char* line :
       {R"({"schema":99,"type":"run"})", R"({"schema":"1"})", R"({"schema":1,"type":"cell","cell":{}})",
        R"({"schema":1,"type":"run","run_id":7})", "{}"}) {
    write_file(directory.path() / "j", line);
    EXPECT_THROW(read_journal(directory.path() / "j"), Error) << line;
  }
  EXPECT_THROW(read_journal(directory.path() / "none"), Error);
}

} // namespace kdt::run
