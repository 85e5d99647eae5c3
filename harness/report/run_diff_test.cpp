#include "report/run_diff.hpp"
#include "report/sample_cells.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace kdt::report {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(RunDiff, TellsBrokenFixedSlowerNewAndGone) {
  auto before = run_of({cell_of("a", "/x=1"), cell_of("a", "/x=2", Verdict::fail), cell_of("a", "/x=3"),
                        cell_of("a", "/x=4"), cell_of("a", "/x=5"), cell_of("a", "/x=7"),
                        cell_of("a", "/x=8", Verdict::fail), cell_of("a", "/x=9", Verdict::error)});
  auto after =
      run_of({cell_of("a", "/x=1", Verdict::fail), cell_of("a", "/x=2"), cell_of("a", "/x=3", Verdict::pass, 9),
              cell_of("a", "/x=5", Verdict::error), cell_of("a", "/x=6"), cell_of("a", "/x=7"),
              cell_of("a", "/x=8", Verdict::fail), cell_of("a", "/x=9", Verdict::error)});
  auto diff = diff_runs(before, after);
  EXPECT_THAT(diff.newly_broken, ElementsAre("kernel=a/x=1"));
  EXPECT_THAT(diff.still_broken, ElementsAre("kernel=a/x=8", "kernel=a/x=9"));
  EXPECT_THAT(diff.fixed, ElementsAre("kernel=a/x=2"));
  EXPECT_THAT(diff.slower, ElementsAre("kernel=a/x=3"));
  EXPECT_THAT(diff.gone, ElementsAre("kernel=a/x=4"));
  EXPECT_THAT(diff.not_judged, ElementsAre("kernel=a/x=5"));
  EXPECT_THAT(diff.fresh, ElementsAre("kernel=a/x=6"));
  EXPECT_EQ(diff.same, 3u);
  EXPECT_EQ(exit_status(diff), 1);
  EXPECT_THAT(diff_text(diff, before, after), HasSubstr("Newly broken: 1\n  kernel=a/x=1\n"));
  EXPECT_EQ(diff_json(diff, before, after)["fixed"][0], "kernel=a/x=2");
}

TEST(RunDiff, ExitStatusIsThreeWhenNothingWasLearnt) {
  auto before = run_of({cell_of("a", "")});
  EXPECT_EQ(exit_status(diff_runs(before, run_of({cell_of("a", "", Verdict::error)}))), 3);
  EXPECT_EQ(exit_status(diff_runs(before, run_of({cell_of("a", "", Verdict::pass, 90)}))), 0);
}

TEST(RunDiff, RunsOfOneKernelEachAreComparedWhateverItsName) {
  auto diff = diff_runs(run_of({cell_of("base", "/x=1")}), run_of({cell_of("series", "/x=1", Verdict::fail)}));
  EXPECT_THAT(diff.newly_broken, ElementsAre("x=1"));
  EXPECT_THAT(diff.fresh, IsEmpty());
}

CellResult cell_with_zones(const std::string& kernel, bool zone_dma, Verdict verdict = Verdict::pass) {
  auto cell = cell_of(kernel, "/x=1", verdict);
  cell.facts["zone_dma"] = zone_dma;
  return cell;
}

TEST(RunDiff, OfSeveralKernelsWithOtherNamesThoseWithTheSameZonesAreCompared) {
  auto before = run_of({cell_with_zones("base-nodma", false, Verdict::fail), cell_with_zones("base-dma", true)});
  auto after = run_of({cell_with_zones("series-dma", true, Verdict::fail), cell_with_zones("series-nodma", false)});
  auto diff = diff_runs(before, after);
  EXPECT_THAT(diff.newly_broken, ElementsAre("kernel=series-dma/x=1"));
  EXPECT_THAT(diff.fixed, ElementsAre("kernel=series-nodma/x=1"));
  EXPECT_THAT(diff.fresh, IsEmpty());
  EXPECT_THAT(diff.gone, IsEmpty());
  auto text = diff_text(diff, before, after);
  EXPECT_THAT(text, HasSubstr("kernel series-dma is held against base-dma\n"));
  EXPECT_THAT(text, EndsWith("\nMedian boot 2.00 s (old) against 2.00 s (new), save 1.00 s against 1.00 s\n"));
  EXPECT_EQ(diff_json(diff, before, after)["partners"]["series-nodma"], "base-nodma");
}

TEST(RunDiff, AKernelWithoutItsLikeIsNewAndGone) {
  auto before = run_of({cell_with_zones("base-dma", true), cell_with_zones("base-other", true)});
  auto after = run_of({cell_with_zones("series-dma", true), cell_with_zones("series-nodma", false)});
  auto diff = diff_runs(before, after);
  EXPECT_THAT(diff.fresh, ElementsAre("kernel=series-nodma/x=1"));
  EXPECT_THAT(diff.gone, ElementsAre("kernel=base-other/x=1"));
}

TEST(RunDiff, WhereRunsShareKernelsOnlyTheUsersOwnHavePartners) {
  auto before = run_of({cell_with_zones("base", true), cell_with_zones("v1", true)});
  auto after = run_of({cell_with_zones("base", true), cell_with_zones("v2", true)});
  EXPECT_THAT(diff_runs(before, after).fresh, ElementsAre("kernel=v2/x=1"));
  before.own_kernels = {"base", "v1"};
  after.own_kernels = {"base", "v2"};
  auto diff = diff_runs(before, after);
  EXPECT_THAT(diff.fresh, IsEmpty());
  EXPECT_EQ(diff.same, 2u);
}

} // namespace
} // namespace kdt::report
