#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/baseline.hpp"
#include "cli/results.hpp"
#include "report/run_json.hpp"
#include "run/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {

namespace {

using ::testing::ElementsAre;

class BaselineTest : public testing::Test {
protected:
  /// A run in a directory of its own, in the history too.
  RunResult past(const std::string& name, const std::string& started, Verdict verdict,
                 std::optional<Shard> shard = {}) {
    CellResult cell;
    cell.cell.id = cell.cell.slug = "kernel=a";
    cell.verdict = verdict;
    RunResult run{.run_id = name,
                  .matrix = "dir/m.yaml",
                  .started = started,
                  .finished = started,
                  .shard = std::move(shard),
                  .cells = {cell}};
    make_directories(place_.path() / name);
    report::write_run_json(run, place_.path() / name / "run.json");
    run::History(history_).add(run, place_.path() / name, false);
    return run;
  }
  std::optional<RunResult> find(const std::string& word, const std::string& own = "own") {
    return find_baseline(
        word, {.matrix = "m.yaml", .experiments = {"kernel=a"}, .directory = place_.path() / own, .shard = shard_},
        history_);
  }
  TempDir place_{"kdt-test"};
  fs::path history_ = place_.path() / "history.sqlite";
  bool shard_ = false;
};

TEST_F(BaselineTest, LastIsTheNewestThatIsStillThere) {
  past("monday", "2026-01-05T00:00:00Z", Verdict::pass);
  past("tuesday", "2026-01-06T00:00:00Z", Verdict::pass);
  past("wednesday", "2026-01-07T00:00:00Z", Verdict::pass);
  past("thursday", "2026-01-08T00:00:00Z", Verdict::pass);
  fs::remove_all(place_.path() / "thursday");
  fs::copy_file(place_.path() / "monday/run.json", place_.path() / "wednesday/run.json",
                fs::copy_options::overwrite_existing); // the directory was used again
  ASSERT_TRUE(find("last"));
  EXPECT_EQ(find("last")->run_id, "tuesday");
}

TEST_F(BaselineTest, ARunThatIsResumedIsNotComparedWithItself) {
  past("monday", "2026-01-05T00:00:00Z", Verdict::pass);
  past("tuesday", "2026-01-06T00:00:00Z", Verdict::error);
  EXPECT_EQ(find("last", "tuesday")->run_id, "monday");
  EXPECT_EQ(find("last", "x/../tuesday/")->run_id, "monday");
}

TEST_F(BaselineTest, AWholeRunIsNotComparedWithItsShards) {
  past("shard", "2026-01-05T00:00:00Z", Verdict::pass, Shard{.index = 1, .count = 2, .cut = "x"});
  EXPECT_FALSE(find("last"));
  shard_ = true;
  EXPECT_EQ(find("last")->run_id, "shard");
}

TEST_F(BaselineTest, TheFirstNightHasNone) {
  EXPECT_FALSE(find("last"));
  EXPECT_FALSE(find(""));
}

TEST_F(BaselineTest, ARunThatIsNamedMustBeThere) {
  past("monday", "2026-01-05T00:00:00Z", Verdict::pass);
  EXPECT_EQ(find((place_.path() / "monday").string())->run_id, "monday");
  EXPECT_EQ(find((place_.path() / "monday/run.json").string())->run_id, "monday");
  for (const char* wrong : {"nowhere", "/"}) {
    try {
      find(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
    }
  }
}

TEST_F(BaselineTest, ADamagedHistoryIsNoReasonNotToRun) {
  write_file(history_, std::string(4096, 'x'));
  EXPECT_FALSE(find("last"));
}

TEST_F(BaselineTest, ARunIsComparedWithIt) {
  auto before = past("monday", "2026-01-05T00:00:00Z", Verdict::pass);
  auto after = past("tuesday", "2026-01-06T00:00:00Z", Verdict::fail);
  compare_with(after, before);
  ASSERT_TRUE(after.since);
  EXPECT_EQ(after.since->run_id, "monday");
  EXPECT_THAT(after.since->newly_broken, ElementsAre("kernel=a"));
  after.since.reset();
  compare_with(after, std::nullopt);
  EXPECT_FALSE(after.since);
}

} // namespace
} // namespace kdt::cli
