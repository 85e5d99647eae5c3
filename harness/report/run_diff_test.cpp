#include "report/run_diff.hpp"
#include "report/sample_cells.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace kdt::report {
namespace {

using testing::ElementsAre;
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

} // namespace
} // namespace kdt::report
