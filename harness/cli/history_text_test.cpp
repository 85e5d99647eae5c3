#include "cli/history_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::cli {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

run::PastCell past(const std::string& started, Verdict verdict) {
  run::PastCell cell{
      .run = {.run_id = "r", .directory = "/runs/r", .matrix = "matrices/smoke.yaml", .started = started},
      .id = "kernel=a",
      .fingerprint = std::string(64, 'f'),
      .verdict = verdict,
      .seconds = 4.25,
      .phases = {{Phase::boot, 1.5}},
      .release = "6.1.192"};
  if (verdict == Verdict::pass) return cell;
  cell.blame = verdict == Verdict::error ? "infra" : "kernel";
  cell.codes = {"capture-timeout"};
  cell.why = "it stood\nstill";
  return cell;
}

TEST(HistoryText, SaysHowOftenItFailedAndThenTheNewestCells) {
  auto text =
      history_text({.id = "kernel=a",
                    .matrix = "smoke",
                    .cells = {past("2026-01-03T04:05:06Z", Verdict::fail), past("2026-01-02T04:05:06Z", Verdict::pass),
                              past("2026-01-01T04:05:06Z", Verdict::error)}},
                   2);
  EXPECT_EQ(text,
            "kernel=a, matrix smoke\n"
            "  3 times since 2026-01-01 04:05; failed 1 of 2: 50 % (9.5 to 90.5 %); infrastructure failed 1 of 3: "
            "33.3 % (6.1 to 79.2 %)\n"
            "  2026-01-03 04:05  fail     4.25 s  ffffffff  6.1.192       /runs/r\n"
            "                    kernel: it stood still\n"
            "  2026-01-02 04:05  pass     4.25 s  ffffffff  6.1.192       /runs/r\n"
            "  … and 1 more: --last N shows them\n");
}

TEST(HistoryText, OfOneGoodCellIsTwoLines) {
  auto text =
      history_text({.id = "kernel=a", .matrix = "smoke", .cells = {past("2026-01-03T04:05:06Z", Verdict::pass)}}, 10);
  EXPECT_THAT(text, HasSubstr("  1 time since 2026-01-03 04:05; failed 0 of 1: 0 % (0.0 to 79.3 %)\n"));
  EXPECT_THAT(text, Not(HasSubstr("infrastructure")));
}

TEST(PastExperiments, AreToldApartByTheirMatrices) {
  std::vector<run::PastCell> cells;
  for (const char* matrix : {"matrices/smoke.yaml", "edges.yaml", "elsewhere/smoke.yaml"}) {
    cells.push_back(past("2026-01-01T00:00:00Z", Verdict::pass));
    cells.back().run.matrix = matrix;
  }
  cells.back().id = "kernel=a#2";
  auto experiments = past_experiments(cells);
  ASSERT_EQ(experiments.size(), 2U);
  EXPECT_EQ(experiments[0].matrix, "edges");
  EXPECT_EQ(experiments[0].cells.size(), 1U);
  EXPECT_EQ(experiments[1].matrix, "smoke");
  EXPECT_EQ(experiments[1].id, "kernel=a");
  ASSERT_EQ(experiments[1].cells.size(), 2U);
  EXPECT_EQ(experiments[1].cells[1].id, "kernel=a#2");
}

TEST(HistoryJson, HoldsWhatWasKept) {
  auto json = history_json(past("2026-01-03T04:05:06Z", Verdict::fail));
  EXPECT_EQ(json["verdict"], "fail");
  EXPECT_EQ(json["phases"]["boot"], 1.5);
  EXPECT_EQ(json["codes"][0], "capture-timeout");
  EXPECT_EQ(json["directory"], "/runs/r");
  EXPECT_TRUE(history_json(past("", Verdict::pass))["blame"].is_null());
}

} // namespace
} // namespace kdt::cli
