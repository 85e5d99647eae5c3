#include "report/costs.hpp"
#include "report/sample_run.hpp"
#include "report/summary.hpp"
#include "testing/golden.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const fs::path k_testdata{KDT_TESTDATA};

struct Seen {
  std::uint64_t gib;
  const char* rodata;
  const char* crashkernel;
  const char* mapped; ///< the whole linear map
  double boot;
};

/// As a v6.1 kernel shows itself: protected by base pages of the whole map or not, refused when it is too large.
CellResult cell(const char* kernel, const Seen& seen) {
  CellResult result;
  result.cell.parameters.kernel = kernel;
  result.cell.parameters.memory = ByteSize::gib(seen.gib);
  result.cell.parameters.rodata = seen.rodata;
  result.cell.parameters.crashkernel = seen.crashkernel;
  result.verdict = Verdict::pass;
  auto& observed = result.observed;
  auto all = static_cast<std::int64_t>(seen.gib << 30);
  bool pages = std::string_view(seen.mapped) == "pages";
  bool refused = std::string_view(seen.crashkernel) == "64G";
  observed["map.all"] = std::string(seen.mapped);
  observed["map.pte_bytes"] = pages ? all : std::int64_t{2} << 20;
  observed["map.pmd_bytes"] = all - std::get<std::int64_t>(observed["map.pte_bytes"]);
  observed["map.table_bytes"] = pages ? all / 512 + 8192 : std::int64_t{24576};
  observed["boot.seconds"] = seen.boot;
  observed["boot.early_seconds"] = seen.boot / 4;
  observed["reservation.present"] = !refused;
  observed["probe.before"] = std::string("lands");
  if (refused) return result;
  bool high = seen.gib > 4;
  observed["reservation.start"] = std::int64_t{high ? 0x1e0000000 : 0xb0000000};
  observed["reservation.low.present"] = high;
  observed["map.region"] = std::string("pages");
  observed["probe.segments"] = std::string("faults");
  observed["probe.rest"] = std::string("lands");
  observed["save.seconds"] = 2.0 * static_cast<double>(seen.gib);
  return result;
}

RunResult sweep() {
  RunResult run{.run_id = "r", .matrix = "matrices/arm64.yaml"};
  for (const char* kernel : {"v6.1-dma", "v6.1-nodma"})
    for (const Seen& seen : {Seen{1, "full", "256M", "pages", 0.61},
                             {1, "on", "256M", "blocks", 0.602},
                             {256, "full", "256M", "pages", 14.25},
                             {256, "on", "256M", "blocks", 11},
                             {1, "full", "64G", "pages", 0.6},
                             {256, "full", "64G", "pages", 14}})
      run.cells.push_back(cell(kernel, seen));
  return run;
}

TEST(Costs, LookLikeTheirGoldenFiles) {
  kdt::testing::expect_golden(costs_text(sweep()), k_testdata / "costs.txt");
  kdt::testing::expect_golden(costs_markdown(sweep()), k_testdata / "costs.md");
}

TEST(Costs, OfARunThatSawNothingAreNotThere) {
  EXPECT_EQ(costs_text(RunResult{}), "");
  EXPECT_EQ(costs_markdown(sample_run()), "");
  EXPECT_THAT(summary_markdown(sample_run()), Not(HasSubstr("costs")));
  EXPECT_THAT(summary_markdown(sweep()), HasSubstr("## What it protects and what it costs"));
}

TEST(Costs, AreMediansOverRepeats) {
  RunResult run;
  for (double seconds : {1.0, 9.0, 2.0}) run.cells.push_back(cell("k", {1, "on", "256M", "blocks", seconds}));
  EXPECT_THAT(costs_text(run), HasSubstr("2.00"));
  run.cells.push_back(cell("k", {1, "on", "256M", "blocks", 3}));
  EXPECT_THAT(costs_text(run), HasSubstr("2.50"));
}

TEST(Costs, WhatNoCellObservedHasNoTable) {
  auto run = sweep();
  EXPECT_EQ(cost_tables(run).size(), 5U); // tables, share, boot, boot before the clock, save
  for (auto& each : run.cells) each.observed.erase("save.seconds");
  EXPECT_EQ(cost_tables(run).size(), 4U);
  EXPECT_EQ(cost_pages(run).first.size(), 4U);
  EXPECT_EQ(cost_pages(run).rest.size(), 4U);
}

TEST(Costs, OnThePageAreShortHoweverManyCrashkernelsThereAre) {
  auto run = sweep();
  auto shown = cost_pages(run);
  EXPECT_EQ(shown.first.at(0).columns, (std::vector<std::string>{"rodata", "1G", "256G"}));
  EXPECT_EQ(shown.first.at(0).rows.size(), 4U);
  EXPECT_EQ(shown.rest.at(0).rows.size(), 6U);
  for (int i = 0; i < 20; ++i)
    for (const auto* form : {"300M", "300M,high"}) {
      run.cells.push_back(cell("v6.1-dma", {1, "on", form, "blocks", 100}));
      run.cells.back().cell.parameters.crashkernel = fmt::format("{}{}", 100 + i, form);
    }
  auto longer = cost_pages(run);
  ASSERT_EQ(longer.first.size(), shown.first.size());
  for (std::size_t i = 0; i < shown.first.size(); ++i)
    EXPECT_EQ(longer.first[i].rows.size(), shown.first[i].rows.size()) << shown.first[i].title;
  EXPECT_EQ(longer.first.at(2).title, "Boot");
  EXPECT_EQ(longer.first.at(2).rows.at(1).cells.at(1), "100"); // the median, not the first
  // What protects alike stands in one row that names every request.
  auto text = costs_markdown(run);
  EXPECT_THAT(text, HasSubstr("| v6.1-dma | on | 100300M; 100300M,high; 101300M;"));
  EXPECT_LT(text.find("</details>"), std::string::npos);
}

TEST(Costs, OfOneCrashkernelAreToldOnce) {
  auto run = sweep();
  std::erase_if(run.cells, [](const CellResult& each) { return each.cell.parameters.crashkernel != "256M"; });
  EXPECT_EQ(cost_pages(run).first.size(), 5U);
  EXPECT_TRUE(cost_pages(run).rest.empty());
  EXPECT_THAT(costs_markdown(run), Not(HasSubstr("details")));
  for (auto& each : run.cells) each.observed["load.seconds"] = 0.5;
  ASSERT_EQ(cost_pages(run).rest.size(), 1U);
  EXPECT_EQ(cost_pages(run).rest[0].title, "Load");
}

TEST(Protection, ARefusalIsNotAProtectionAndAnUnloadedRegionNeither) {
  RunResult run;
  run.cells = {cell("k", {1, "on", "64G", "blocks", 1})};
  auto refused = protection_table(run).rows.at(0).cells;
  EXPECT_EQ(refused.at(2), "refused");
  EXPECT_EQ(refused.at(4), "");
  EXPECT_EQ(refused.at(5), "nothing was loaded");
  run.cells[0].cell.parameters.crashkernel.reset();
  EXPECT_EQ(protection_table(run).rows.at(0).cells.at(2), "none");
  run.cells = {CellResult{}}; // an error before boot
  EXPECT_TRUE(protection_table(run).rows.empty());
}

} // namespace
} // namespace kdt::report
