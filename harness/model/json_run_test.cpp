#include "base/error.hpp"
#include "model/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt {
namespace {

using Json = nlohmann::ordered_json;

CellResult cell_with_id(const std::string& id, Verdict verdict) {
  CellResult cell;
  cell.cell.id = cell.cell.slug = id;
  cell.verdict = verdict;
  return cell;
}

/// A run in which no member has its default.
RunResult whole_run() {
  return {.run_id = "20260101T000000Z-1",
          .matrix = "smoke",
          .kernel_options = {"--kernel", "base=/linux@v6.1"},
          .own_kernels = {"base"},
          .host = {{"cpus", "2"}, {"qemu", "7.2"}},
          .started = "2026-01-01T00:00:00Z",
          .finished = "2026-01-01T00:01:00Z",
          .exit_status = 1,
          .shard = Shard{.index = 2, .count = 3, .cut = "abc", .cells = {{"b", 4}, {"a", 0}}},
          .merged = Merged{.shards = 3, .missing_shards = {2}, .missing_cells = {"c"}},
          .since = Since{.run_id = "before",
                         .started = "2025-12-31T00:00:00Z",
                         .newly_broken = {"a"},
                         .still_broken = {"b"},
                         .not_judged = {"c"},
                         .fixed = {"d"},
                         .fresh = {"e"},
                         .gone = {"f"}},
          .cells = {cell_with_id("a", Verdict::xfail), cell_with_id("a#2", Verdict::error)}};
}

Json reread_run(const RunResult& run) {
  return Json::parse(to_json(run).dump());
}

TEST(RunJson, EveryMemberComesBackAndTotalsAreCounted) {
  auto run = whole_run();
  auto json = reread_run(run);
  EXPECT_EQ(json["totals"].dump(), R"({"pass":0,"fail":0,"xfail":1,"xpass":0,"error":1,"skip":0})");
  auto back = run_from_json(json);
  EXPECT_EQ(back.run_id, run.run_id);
  EXPECT_EQ(back.matrix, run.matrix);
  EXPECT_EQ(back.kernel_options, run.kernel_options);
  EXPECT_EQ(back.own_kernels, run.own_kernels);
  EXPECT_EQ(back.host, run.host);
  EXPECT_EQ(back.started, run.started);
  EXPECT_EQ(back.finished, run.finished);
  EXPECT_EQ(back.exit_status, run.exit_status);
  ASSERT_TRUE(back.shard && back.merged && back.since);
  EXPECT_EQ(back.shard->cells, run.shard->cells);
  EXPECT_EQ(back.merged->missing_shards, run.merged->missing_shards);
  EXPECT_EQ(back.since->still_broken, run.since->still_broken);
  EXPECT_EQ(back.cells.size(), 2U);
  EXPECT_EQ(to_json(back), to_json(run)); // and with it every other member
}

TEST(RunJson, WhatARunIsNotIsNotWritten) {
  RunResult run{.run_id = "r", .matrix = "m", .cells = {cell_with_id("a", Verdict::pass)}};
  auto json = reread_run(run);
  for (const char* absent : {"own_kernels", "shard", "merged", "baseline", "repeats"})
    EXPECT_FALSE(json.contains(absent)) << absent;
  auto back = run_from_json(json);
  EXPECT_FALSE(back.shard || back.merged || back.since);
}

TEST(RunJson, RepeatsAreCounted) {
  auto repeats = reread_run(whole_run()).at("repeats");
  ASSERT_EQ(repeats.size(), 1U);
  EXPECT_EQ(repeats[0]["cell"], "a");
  EXPECT_EQ(repeats[0]["runs"], 2);
  EXPECT_EQ(repeats[0]["failed"]["of"], 1);
  EXPECT_EQ(repeats[0]["infra"]["count"], 1);
}

TEST(RunJson, AMemberOfTheWrongTypeIsNamedWithItsPlace) {
  auto refuses = [](const char* pointer, const Json& wrong, const std::string& sentence) {
    auto json = to_json(whole_run());
    json[Json::json_pointer(pointer)] = wrong;
    try {
      run_from_json(json);
      ADD_FAILURE() << pointer;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), sentence);
    }
  };
  refuses("/shard/index", "2", "member 'shard.index' is not a whole number");
  refuses("/shard/cells/b", -1, "member 'shard.cells.b' is not a number of that size");
  refuses("/merged/missing_shards", 2, "member 'merged.missing_shards' is not a list");
  refuses("/baseline/fixed/0", 1, "member 'baseline.fixed[0]' is not a text");
  refuses("/cells/1/attempts", "3", "member 'cells[1].attempts' is not a whole number");
}

TEST(ShardJson, ComesBack) {
  Shard shard{.index = 1, .count = 2, .cut = "x", .cells = {{"a", 3}}};
  auto back = shard_from_json(Json::parse(to_json(shard).dump()));
  EXPECT_EQ(back.count, 2U);
  EXPECT_EQ(back.cells, shard.cells);
}

} // namespace
} // namespace kdt
