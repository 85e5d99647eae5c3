#include "report/differences.hpp"
#include "report/sample_cells.hpp"

#include <gmock/gmock.h>

namespace kdt::report {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> whats(const CellResult& before, const CellResult& after) {
  std::vector<std::string> found;
  for (const auto& change : changes({.name = "a", .cells = {&before}}, {.name = "a", .cells = {&after}}))
    found.push_back(change.what);
  return found;
}

TEST(Changes, EqualCellsHaveNone) {
  EXPECT_THAT(whats(cell_of("a", ""), cell_of("b", "")), IsEmpty());
}

TEST(Changes, EachQuantityIsSeen) {
  auto before = cell_of("a", "");
  auto with = [&](const char* name, Value value) {
    auto after = cell_of("b", "");
    after.observed[name] = std::move(value);
    return whats(before, after);
  };
  EXPECT_THAT(whats(before, cell_of("b", "", Verdict::fail)), ElementsAre("verdict"));
  EXPECT_THAT(with("reservation.start", std::int64_t{0xe0000000}), ElementsAre("reservation"));
  EXPECT_THAT(with("map.region", std::string("blocks")), ElementsAre("mapping"));
  EXPECT_THAT(with("map.table_bytes", std::int64_t{16384}), ElementsAre("page tables"));
  EXPECT_THAT(with("probe.segments", std::string("lands")), ElementsAre("protection"));
  EXPECT_THAT(with("boot.seconds", 4.0), ElementsAre("boot"));
  EXPECT_THAT(with("save.seconds", 2.5), ElementsAre("save"));
}

TEST(Changes, TimesWithinTheNoiseAreNone) {
  auto before = cell_of("a", "", Verdict::pass, 2.0);
  EXPECT_THAT(whats(before, cell_of("a", "", Verdict::pass, 2.99)), IsEmpty()); // by less than a second
  auto long_boot = cell_of("a", "", Verdict::pass, 20.0);
  EXPECT_THAT(whats(long_boot, cell_of("a", "", Verdict::pass, 29.0)), IsEmpty()); // by less than a half
  EXPECT_THAT(whats(long_boot, cell_of("a", "", Verdict::pass, 31.0)), ElementsAre("boot"));
}

TEST(Changes, RepeatsCountByTheirMedian) {
  std::vector<CellResult> cells{cell_of("a", ""), cell_of("a", "#2", Verdict::pass, 30), cell_of("a", "#3")};
  auto run = run_of(cells);
  auto experiments = experiments_of(run);
  ASSERT_EQ(experiments.size(), 1u);
  auto other = cell_of("a", "");
  EXPECT_THAT(changes(experiments[0], {.name = "a", .cells = {&other}}), IsEmpty());
}

TEST(Changes, WithoutAProbeThePageTablesTellOfProtection) {
  auto before = cell_of("a", ""), after = cell_of("b", "");
  for (auto* cell : {&before, &after}) {
    cell->observed.erase("probe.segments");
    cell->observed.erase("probe.rest");
    cell->observed["hostmap.closed_pages"] = std::int64_t{1000};
  }
  EXPECT_THAT(whats(before, after), IsEmpty());
  after.observed["hostmap.closed_pages"] = std::int64_t{0};
  EXPECT_THAT(whats(before, after), ElementsAre("protection"));
}

TEST(Changes, AnotherProcessNumberIsNone) {
  auto with = [](const std::string& text) {
    auto cell = cell_of("a", "", Verdict::fail);
    cell.findings = {make_finding("expectation", text)};
    return cell;
  };
  auto before = with("it said: WARNING: CPU: 0 PID: 31 at f+0x0/0x10");
  EXPECT_THAT(whats(before, with("it said: WARNING: CPU: 0 PID: 30 at f+0x0/0x10")), IsEmpty());
  EXPECT_THAT(whats(before, with("it said: WARNING: CPU: 1 PID: 31 at f+0x0/0x10")), ElementsAre("verdict"));
  EXPECT_THAT(whats(with("INFO: task sh:31 blocked for"), with("INFO: task sh:9 blocked for")), IsEmpty());
  EXPECT_THAT(whats(with("stuck for 22s! [sh:31]"), with("stuck for 22s! [sh:105]")), IsEmpty());
  auto again = with("it said: WARNING: CPU: 0 PID: 7 at f+0x0/0x10");
  auto found = changes({.name = "a", .cells = {&before, &again}}, {.name = "a", .cells = {&before}});
  EXPECT_THAT(found, IsEmpty()); // repeats of one finding are one
  auto other = cell_of("a", "");
  found = changes({.name = "a", .cells = {&before}}, {.name = "a", .cells = {&other}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].before, HasSubstr("PID: 31")); // shown as it was
}

TEST(ExperimentName, LeavesOutRepeatAndKernel) {
  EXPECT_EQ(experiment_name(cell_of("a", "/rodata=on#2"), true), "kernel=a/rodata=on");
  EXPECT_EQ(experiment_name(cell_of("a", "/rodata=on#2"), false), "rodata=on");
  EXPECT_EQ(experiment_name(cell_of("a", ""), false), "");
  auto cell = cell_of("a", "");
  cell.cell.id = "smoke:memory=1G/kernel=a";
  EXPECT_EQ(experiment_name(cell, false), "smoke:memory=1G");
}

TEST(KernelDifferences, HoldEachKernelAgainstTheFirst) {
  auto run = run_of({cell_of("base", "/rodata=on"), cell_of("base", "/rodata=full"),
                     cell_of("series", "/rodata=on", Verdict::fail), cell_of("series", "/rodata=full")},
                    {"base", "series"});
  auto text = kernel_differences_text(run);
  EXPECT_THAT(text, HasSubstr("What series changes against base\n1 cell differs, 1 does not."));
  EXPECT_THAT(text, HasSubstr("rodata=on\n  verdict  pass  fail: it did not hold\n"));
  EXPECT_THAT(kernel_differences_markdown(run), HasSubstr("| rodata=on | verdict | pass | fail: it did not hold |"));
  run.own_kernels = {"base"};
  EXPECT_EQ(kernel_differences_text(run), "");
}

TEST(KernelDifferences, TheMediansOfAllPairsStandBelow) {
  auto unmeasured = cell_of("series", "/x=4");
  unmeasured.observed.erase("boot.seconds");
  auto run =
      run_of({cell_of("base", "/x=1", Verdict::pass, 2), cell_of("base", "/x=2", Verdict::pass, 4),
              cell_of("base", "/x=3", Verdict::pass, 90), cell_of("base", "/x=4", Verdict::pass, 90),
              cell_of("series", "/x=1", Verdict::pass, 2.5), cell_of("series", "/x=2", Verdict::pass, 4.5), unmeasured},
             {"base", "series"});
  EXPECT_THAT(kernel_differences_text(run),
              EndsWith("\nMedian boot 3.00 s (base) against 3.50 s (series), save 1.00 s against 1.00 s\n"));
  EXPECT_THAT(kernel_differences_markdown(run), HasSubstr("\n\nMedian boot 3.00 s (base) against 3.50 s (series)"));
  for (auto& cell : run.cells) cell.observed.erase("boot.seconds");
  EXPECT_THAT(kernel_differences_text(run), EndsWith("\nMedian save 1.00 s (base) against 1.00 s (series)\n"));
  for (auto& cell : run.cells) cell.observed.erase("save.seconds");
  EXPECT_THAT(kernel_differences_text(run), Not(HasSubstr("Median")));
}

TEST(KernelDifferences, VariantsAreHeldAgainstTheirLike) {
  std::vector<CellResult> cells;
  for (const char* kernel : {"base-dma", "base-nodma", "series-dma", "series-nodma"}) {
    cells.push_back(cell_of(kernel, ""));
    cells.back().facts["zone_dma"] = !std::string(kernel).ends_with("-nodma");
  }
  auto tables = kernel_differences(run_of(cells, {"base-dma", "base-nodma", "series-dma", "series-nodma"}));
  ASSERT_EQ(tables.size(), 3u);
  EXPECT_EQ(tables[0].title, "What base-nodma changes against base-dma");
  EXPECT_EQ(tables[1].title, "What series-dma changes against base-dma");
  EXPECT_EQ(tables[2].title, "What series-nodma changes against base-nodma");
}

} // namespace
} // namespace kdt::report
