#include "base/error.hpp"
#include "base/file.hpp"
#include "run/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace kdt::run {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

/// Without a duration: one of its own, as in life.
CellResult cell(const std::string& id, Verdict verdict = Verdict::pass, std::optional<double> seconds = {}) {
  static std::atomic<int> count{0};
  CellResult result;
  result.cell.id = id;
  result.cell.parameters.kernel = "v6.1-dma";
  result.fingerprint = std::string(64, id[0]);
  result.verdict = verdict;
  result.seconds = Seconds(seconds.value_or(4 + ++count * 1e-6));
  result.accelerator = "tcg";
  result.facts = {{"release", std::string("6.1.192")}, {"build_id", std::string("abcd")}};
  result.phases = {{Phase::boot, Seconds(1.5), "done"}, {Phase::load, Seconds(0), "skipped"}};
  if (verdict == Verdict::fail) {
    result.blame = Blame::kernel;
    result.findings = {make_finding("infra", "beside the point"), make_finding("capture-timeout", "it stood\x1b still"),
                       make_finding("capture-timeout", "again")};
  }
  return result;
}

RunResult run_of(const std::string& started, std::vector<CellResult> cells, int exit_status = 0) {
  return {.run_id = "r-" + started,
          .matrix = "matrices/smoke.yaml",
          .host = {{"emulator", "QEMU 7.2"}, {"kdt", "0.1.0 (abc)"}},
          .started = started,
          .finished = started,
          .exit_status = exit_status,
          .cells = std::move(cells)};
}

class HistoryTest : public testing::Test {
protected:
  void add(const RunResult& run, const fs::path& directory = "/r", bool resumed = false) {
    History(file_).add(run, directory, resumed);
  }
  std::vector<std::string> starts(const std::vector<PastCell>& cells) {
    std::vector<std::string> all;
    for (const auto& each : cells) all.push_back(each.run.started);
    return all;
  }
  TempDir place_{"kdt-test"};
  fs::path file_ = place_.path() / "history.sqlite";
};

} // namespace

TEST_F(HistoryTest, KeepsEverythingThatOneAsksForAMonthLater) {
  add(run_of("2026-01-01", {cell("a", Verdict::fail, 6.5)}), "/runs/x/../y/");
  auto found = History(file_).cells("a", 10);
  ASSERT_THAT(found, SizeIs(1));
  const auto& past = found[0];
  EXPECT_EQ(past.id, "a");
  EXPECT_EQ(past.fingerprint, std::string(64, 'a'));
  EXPECT_EQ(past.verdict, Verdict::fail);
  EXPECT_EQ(past.blame, "kernel");
  EXPECT_THAT(past.codes, ElementsAre("capture-timeout", "infra"));
  EXPECT_EQ(past.why, "it stood\\x1b still");
  EXPECT_EQ(past.seconds, 6.5);
  EXPECT_THAT(past.phases, ElementsAre(Pair(Phase::boot, 1.5)));
  EXPECT_EQ(past.kernel, "v6.1-dma");
  EXPECT_EQ(past.release, "6.1.192");
  EXPECT_EQ(past.build_id, "abcd");
  EXPECT_EQ(past.origin, "");
  EXPECT_EQ(past.accelerator, "tcg");
  EXPECT_EQ(past.run.run_id, "r-2026-01-01");
  EXPECT_EQ(past.run.directory, "/runs/y");
  EXPECT_EQ(past.run.matrix, "matrices/smoke.yaml");
  EXPECT_EQ(past.run.kdt, "0.1.0 (abc)");
  EXPECT_EQ(past.run.emulator, "QEMU 7.2");
  EXPECT_TRUE(past.run.whole);
}

TEST_F(HistoryTest, TheNewestRunComesFirstAndRepeatsStayTogether) {
  add(run_of("2026-01-01", {cell("a"), cell("b")}));
  add(run_of("2026-01-02", {cell("a"), cell("a#2")}));
  auto history = History(file_);
  EXPECT_THAT(starts(history.cells("a", 10)), ElementsAre("2026-01-02", "2026-01-02", "2026-01-01"));
  EXPECT_EQ(history.cells("a", 10)[1].id, "a#2");
  EXPECT_THAT(history.cells("a", 1), SizeIs(1));
  EXPECT_THAT(history.cells("c", 10), IsEmpty());
  EXPECT_THAT(history.experiments(), ElementsAre("a", "b"));
  EXPECT_THAT(history.cells_with_fingerprint("bbbb", 10), SizeIs(1));
}

TEST_F(HistoryTest, ARunThatWasResumedTakesThePlaceOfItsFirstPart) {
  add(run_of("2026-01-01", {cell("a")}), "/other");
  add(run_of("2026-01-02", {cell("a")}, 130), "/r");
  add(run_of("2026-01-03", {cell("a"), cell("b")}), "/r", true);
  EXPECT_THAT(starts(History(file_).cells("a", 10)), ElementsAre("2026-01-03", "2026-01-01"));
  add(run_of("2026-01-04", {cell("a")}), "/r"); // the directory was removed, and another run began there
  EXPECT_THAT(History(file_).cells("a", 10), SizeIs(3));
}

TEST_F(HistoryTest, ACellOfAShardAndOfTheMergedRunIsOne) {
  auto run = run_of("2026-01-01", {cell("a", Verdict::pass, 4.25), cell("b", Verdict::error, 0)});
  run.shard = Shard{.index = 1, .count = 2};
  add(run, "/shard");
  run.shard.reset();
  add(run, "/merged");
  auto history = History(file_);
  ASSERT_THAT(history.cells("a", 10), SizeIs(1));
  EXPECT_EQ(history.cells("a", 10)[0].run.directory, "/merged");
  EXPECT_THAT(history.cells("b", 10), SizeIs(2)) << "neither took time: they may be two";
}

TEST_F(HistoryTest, TheRunThatIsMostLikeThisOneIsFound) {
  add(run_of("2026-01-01", {cell("a"), cell("b"), cell("c")}), "/old");
  add(run_of("2026-01-02", {cell("a"), cell("b")}), "/new");
  add(run_of("2026-01-03", {cell("a")}), "/one");
  add(run_of("2026-01-04", {cell("a"), cell("b")}, 130), "/interrupted");
  auto other = run_of("2026-01-05", {cell("a"), cell("b")});
  other.matrix = "other.yaml";
  add(other, "/of-another-matrix");
  auto directories = [&](const std::vector<std::string>& experiments) {
    std::vector<std::string> all;
    for (const auto& run : History(file_).runs_like("smoke", experiments)) all.push_back(run.directory);
    return all;
  };
  EXPECT_THAT(directories({"a", "b"}), ElementsAre("/new", "/old", "/one"));
  EXPECT_THAT(directories({"c"}), ElementsAre("/old"));
  EXPECT_THAT(directories({"d"}), IsEmpty());
}

TEST_F(HistoryTest, DurationsAreMediansOfWholeRunsThatJudged) {
  for (double seconds : {900.0, 1.0, 2.0, 3.0, 4.0, 100.0})
    add(run_of("2026-01-01", {cell("a", Verdict::pass, seconds)}));
  add(run_of("2026-01-01", {cell("a", Verdict::error, 50)}));
  auto shard = run_of("2026-01-02", {cell("a", Verdict::pass, 70), cell("b")});
  shard.shard = Shard{.index = 1, .count = 2};
  add(shard);
  auto merged = run_of("2026-01-02", {cell("c", Verdict::pass, 8)});
  merged.merged = Merged{.shards = 2};
  add(merged);
  EXPECT_THAT(History(file_).seconds("smoke", {"a", "b", "c"}, "tcg"), ElementsAre(Pair("a", 3), Pair("c", 8)));
  EXPECT_THAT(History(file_).seconds("smoke", {"a"}, "kvm"), IsEmpty());
  auto other = run_of("2026-01-03", {cell("a", Verdict::pass, 500), cell("d")});
  other.matrix = "large/edges.yaml"; // its cells are others, though they are called the same
  for (int i = 0; i < 5; ++i) add(other);
  EXPECT_THAT(History(file_).seconds("smoke", {"a", "d"}, "tcg"), ElementsAre(Pair("a", 3)));
  EXPECT_THAT(History(file_).seconds("edges", {"a"}, "tcg"), ElementsAre(Pair("a", 500)));
}

TEST_F(HistoryTest, SeveralRunsEndAtOnce) {
  constexpr int k_runs = 4;
  {
    std::vector<std::jthread> threads;
    for (int run = 0; run < k_runs; ++run)
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) add(run_of("2026-01-01", {cell("a"), cell("b")}));
      });
  }
  EXPECT_THAT(History(file_).cells("a", 100), SizeIs(k_runs * 5));
}

TEST_F(HistoryTest, AFileThatIsNoDatabaseIsNamed) {
  write_file(file_, std::string(4096, 'x'));
  try {
    History(file_).experiments();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(file_.string()), std::string::npos);
  }
}

} // namespace kdt::run
