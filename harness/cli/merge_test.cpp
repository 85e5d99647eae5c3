#include "base/error.hpp"
#include "cli/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CellResult ran(const std::string& id, Verdict verdict = Verdict::pass) {
  CellResult cell;
  cell.cell.id = cell.cell.slug = id;
  cell.verdict = verdict;
  return cell;
}

/// Shard 1 of 2 has a and d, shard 2 has b and c, each with a repeat of its first.
std::vector<ShardRun> two_shards() {
  RunResult first{.run_id = "s1",
                  .matrix = "m.yaml",
                  .host = {{"memory", "8 GB"}, {"name", "one"}},
                  .started = "2026-01-01T02:00:00Z",
                  .finished = "2026-01-01T03:00:00Z",
                  .shard = Shard{.index = 1, .count = 2, .cut = "x", .cells = {{"a", 0}, {"d", 3}}},
                  .cells = {ran("a"), ran("a#2"), ran("d")}};
  RunResult second{.run_id = "s2",
                   .matrix = "m.yaml",
                   .host = {{"memory", "8 GB"}, {"name", "two"}},
                   .started = "2026-01-01T01:00:00Z",
                   .finished = "2026-01-01T02:30:00Z",
                   .shard = Shard{.index = 2, .count = 2, .cut = "x", .cells = {{"b", 1}, {"c", 2}}},
                   .cells = {ran("b", Verdict::fail), ran("b#2"), ran("c")}};
  return {{"dir1", first}, {"dir2", second}};
}

std::string refusal(const std::vector<ShardRun>& shards) {
  try {
    merge_runs(shards, "out");
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    return error.what();
  }
  return "merged";
}

TEST(MergeRuns, IsTheWholeRunInTheOrderOfTheMatrix) {
  auto run = merge_runs(two_shards(), "out");
  std::vector<std::string> ids;
  for (const auto& cell : run.cells) ids.push_back(cell.cell.id);
  EXPECT_THAT(ids, ElementsAre("a", "a#2", "b", "b#2", "c", "d"));
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.started, "2026-01-01T01:00:00Z");
  EXPECT_EQ(run.finished, "2026-01-01T03:00:00Z");
  EXPECT_EQ(run.host.at("memory"), "8 GB");
  EXPECT_EQ(run.host.at("name"), "one | two");
  EXPECT_FALSE(run.shard);
  ASSERT_TRUE(run.merged);
  EXPECT_EQ(run.merged->shards, 2U);
  EXPECT_THAT(run.merged->missing_shards, IsEmpty());
  EXPECT_THAT(run.merged->missing_cells, IsEmpty());
}

TEST(MergeRuns, WhatIsMissingIsToldAndIsNoSuccess) {
  auto shards = two_shards();
  shards.pop_back();
  auto run = merge_runs(shards, "out");
  EXPECT_THAT(run.merged->missing_shards, ElementsAre(2U));
  EXPECT_EQ(run.exit_status, 3);

  shards = two_shards();
  shards[0].run.cells.pop_back(); // d: the shard was interrupted
  shards[1].run.cells[0].verdict = Verdict::pass;
  run = merge_runs(shards, "out");
  EXPECT_THAT(run.merged->missing_cells, ElementsAre("d"));
  EXPECT_EQ(run.exit_status, 3);
}

TEST(MergeRuns, WhatDoesNotBelongTogetherIsRefused) {
  auto shards = two_shards();
  shards[1].run.shard.reset();
  EXPECT_THAT(refusal(shards), HasSubstr("dir2: run s2 is no shard"));
  shards = two_shards();
  shards[1].run.matrix = "other.yaml";
  EXPECT_THAT(refusal(shards), HasSubstr("dir2 is of other.yaml, and dir1 of m.yaml"));
  shards = two_shards();
  shards[1].run.shard->cut = "y";
  EXPECT_THAT(refusal(shards), HasSubstr("--shard-by"));
  shards = two_shards();
  shards[1].run.shard->count = 3;
  EXPECT_THAT(refusal(shards), HasSubstr("dir2 is shard 2/3"));
  shards = two_shards();
  shards[1] = shards[0];
  shards[1].place = "copy";
  EXPECT_EQ(refusal(shards), "dir1 and copy are both shard 1/2");
  shards = two_shards();
  shards[0].run.cells.push_back(ran("c"));
  EXPECT_EQ(refusal(shards), "dir1: cell c is none of shard 1/2");
}

TEST(MergeRuns, NamesItsOwnDirectoryAndNoShards) {
  auto shards = two_shards();
  shards[0].run.directory = "dir1";
  shards[1].run.directory = "dir2";
  EXPECT_EQ(merge_runs(shards, "runs/whole").directory, "runs/whole");
}

TEST(LinkDirectories, TakesCellsAndTemplatesOfTheShardsThatHaveThem) {
  TempDir place("kdt-test");
  auto shards = two_shards();
  shards[0].place = (place.path() / "one").string();
  shards[1].place = (place.path() / "two/run.json").string(); // its directory is on another machine
  for (const char* directory : {"cells/a", "cells/unknown", "templates/probe-1"}) {
    make_directories(place.path() / "one" / directory);
    write_file(place.path() / "one" / directory / "console.log", directory);
  }
  make_directories(place.path() / "two");
  write_file(shards[1].place, "{}");
  auto out = place.path() / "out";
  link_directories(shards, out);
  EXPECT_EQ(read_file(out / "cells/a/console.log"), "cells/a");
  EXPECT_EQ(read_file(out / "templates/probe-1/console.log"), "templates/probe-1");
  EXPECT_FALSE(fs::exists(out / "cells/unknown"));
  EXPECT_FALSE(fs::exists(out / "cells/b"));
}

TEST(LinkTree, TakesFilesAndDirectories) {
  TempDir place("kdt-test");
  make_directories(place.path() / "from/sub");
  write_file(place.path() / "from/a", "A");
  write_file(place.path() / "from/sub/b", "B");
  fs::create_symlink("/etc/passwd", place.path() / "from/link");
  link_tree(place.path() / "from", place.path() / "to");
  EXPECT_EQ(read_file(place.path() / "to/a"), "A");
  EXPECT_EQ(read_file(place.path() / "to/sub/b"), "B");
  EXPECT_THROW(link_tree(place.path() / "nowhere", place.path() / "to"), Error);
}

} // namespace
} // namespace kdt::cli
