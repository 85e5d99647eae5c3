#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/shard.hpp"
#include "machine/qemu_machine.hpp"
#include "report/run_json.hpp"
#include "run/history.hpp"
#include "run/need.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace kdt::cli {

namespace {

using ::testing::ElementsAre;

class ShardTest : public testing::Test {
protected:
  /// Twelve cells, of which one is as large as all others together.
  Plan whole() {
    Plan plan{.matrices = {"matrices/m.yaml"}};
    for (int i = 0; i < 12; ++i) {
      Cell cell;
      cell.id = fmt::format("memory={}G", i + 1);
      cell.parameters.memory = ByteSize::gib(static_cast<std::uint64_t>(i) + 1);
      plan.cells.push_back({cell, nullptr});
    }
    return plan;
  }
  Plan shard(const std::string& words, const std::string& by = "history") {
    auto plan = whole();
    keep_shard(plan, {.shard = words, .shard_by = by}, history_);
    return plan;
  }
  static std::vector<std::string> ids(const Plan& plan) {
    std::vector<std::string> all;
    for (const auto& planned : plan.cells) all.push_back(planned.cell.id);
    return all;
  }
  /// A run of all cells, of which the first took as long as the eleven others together.
  RunResult night() {
    RunResult run{.run_id = "night", .matrix = "m.yaml", .started = "2026-01-01T00:00:00Z"};
    for (const auto& planned : whole().cells) {
      CellResult result;
      result.cell = planned.cell;
      result.cell.slug = planned.cell.id;
      result.verdict = Verdict::pass;
      result.accelerator = machine::to_string(machine::best_accelerator());
      result.seconds = Seconds(run.cells.empty() ? 11 : 1);
      run.cells.push_back(result);
    }
    return run;
  }
  TempDir place_{"kdt-test"};
  fs::path history_ = place_.path() / "history.sqlite";
};

TEST(ShareOut, EverybodyGetsAboutTheSame) {
  EXPECT_THAT(share_out({1, 9, 2, 3, 4}, 2), ElementsAre(0U, 0U, 1U, 1U, 1U)) << "10 and 9";
  EXPECT_THAT(share_out({1, 1, 1, 1}, 2), ElementsAre(0U, 1U, 0U, 1U));
  EXPECT_THAT(share_out({1}, 3), ElementsAre(0U));
  EXPECT_TRUE(share_out({}, 3).empty());
}

TEST_F(ShardTest, EveryCellIsInExactlyOneShard) {
  for (unsigned count : {1U, 2U, 5U, 12U, 20U}) {
    std::multiset<std::string> seen;
    std::set<std::string> cuts;
    for (unsigned index = 1; index <= count; ++index) {
      auto part = shard(fmt::format("{}/{}", index, count));
      for (const auto& id : ids(part)) seen.insert(id);
      cuts.insert(part.shard->cut);
    }
    EXPECT_EQ(seen.size(), 12U) << count;
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 12U) << count;
    EXPECT_EQ(cuts.size(), 1U) << "all shards know that they belong together";
  }
}

TEST_F(ShardTest, ThePlacesInTheWholeMatrixAreKept) {
  auto part = shard("2/3");
  ASSERT_FALSE(part.cells.empty());
  auto all = ids(whole());
  for (const auto& [id, position] : part.shard->cells) EXPECT_EQ(all[position], id);
  EXPECT_EQ(part.shard->cells.size(), part.cells.size());
}

TEST_F(ShardTest, WhatWasRecordedDecidesAndShardsOfTonightDoNot) {
  auto by_forecast = ids(shard("1/2"));
  run::History(history_).add(night(), "/night", false);
  auto part = shard("1/2");
  EXPECT_THAT(ids(part), ElementsAre("memory=1G")); // it took as long as all others together
  auto tonight = night();
  for (auto& cell : tonight.cells) cell.seconds = Seconds(5);
  tonight.shard = part.shard;
  run::History(history_).add(tonight, "/tonight", false);
  EXPECT_EQ(shard("2/2").shard->cut, part.shard->cut) << "one shard after the other on one host";
  EXPECT_EQ(ids(shard("1/2", "forecast")), by_forecast);
}

TEST_F(ShardTest, ARunOfAnotherMatrixDecidesNothing) {
  auto by_forecast = ids(shard("1/2", "forecast"));
  auto other = night();
  other.matrix = "other.yaml";
  run::History(history_).add(other, "/night", false);
  EXPECT_EQ(ids(shard("1/2")), by_forecast);
}

TEST_F(ShardTest, ARunThatIsNamedDecidesOnEveryHost) {
  report::write_run_json(night(), place_.path() / "run.json");
  EXPECT_THAT(ids(shard("1/2", (place_.path() / "run.json").string())), ElementsAre("memory=1G"));
  EXPECT_NE(shard("1/2").shard->cut, shard("1/2", (place_.path() / "run.json").string()).shard->cut);
}

TEST_F(ShardTest, WhatIsNotKnownIsForecastAtThePaceOfTheRest) {
  auto cells = whole().cells;
  auto guess = [&](std::size_t i) {
    return run::first_guess(cells[i].cell.parameters, machine::Accelerator::tcg).seconds;
  };
  auto seconds = expected_seconds(cells, {{"memory=1G", guess(0) * 3}}, machine::Accelerator::tcg);
  EXPECT_DOUBLE_EQ(seconds[0], guess(0) * 3);
  EXPECT_DOUBLE_EQ(seconds[5], guess(5) * 3);
  cells[5].cell.parameters.cpus = 8;
  EXPECT_DOUBLE_EQ(expected_seconds(cells, {}, machine::Accelerator::tcg)[5], guess(5)); // one thread for all CPUs
  auto under_kvm = run::first_guess(cells[5].cell.parameters, machine::Accelerator::kvm).seconds;
  EXPECT_DOUBLE_EQ(expected_seconds(cells, {}, machine::Accelerator::kvm)[5], under_kvm * 4);
}

TEST_F(ShardTest, ADamagedHistoryIsNoReasonNotToRun) {
  auto by_forecast = ids(shard("1/2"));
  write_file(history_, std::string(4096, 'x'));
  EXPECT_EQ(ids(shard("1/2")), by_forecast);
}

TEST_F(ShardTest, AShardThatIsResumedStaysAsItWasCut) {
  auto before = shard("1/2");
  run::History(history_).add(night(), "/night", false); // others would be cut otherwise now
  auto plan = whole();
  keep_recorded_shard(plan, *before.shard, "1/2");
  EXPECT_EQ(ids(plan), ids(before));
  EXPECT_EQ(plan.shard->cut, before.shard->cut);
  plan = whole();
  keep_recorded_shard(plan, *before.shard, "");
  EXPECT_EQ(ids(plan), ids(before));
  EXPECT_THROW(keep_recorded_shard(plan, *before.shard, "2/2"), Error);
}

TEST_F(ShardTest, WrongWordsAreNamed) {
  for (const char* wrong : {"0/3", "4/3", "1", "1/", "a/b", "1/3x", "-1/3"}) {
    try {
      shard(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      EXPECT_NE(std::string(error.what()).find("wanted I/N"), std::string::npos);
    }
  }
  EXPECT_THROW(shard("1/2", "nowhere"), Error);
  auto all = whole();
  keep_shard(all, {}, history_);
  EXPECT_EQ(all.cells.size(), 12U);
  EXPECT_FALSE(all.shard);
}

} // namespace
} // namespace kdt::cli
