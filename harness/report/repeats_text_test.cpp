#include "report/repeats_text.hpp"
#include "report/sample_cells.hpp"
#include "report/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;

/// x=1 always passes, x=2 fails once in four, x=3 always fails, x=4 loses a try to the infrastructure.
RunResult repeated() {
  std::vector<CellResult> cells;
  for (const char* repeat : {"", "#2", "#3", "#4"}) {
    bool first = *repeat == '\0';
    for (const char* x : {"/x=1", "/x=2", "/x=3", "/x=4"}) {
      bool fails = x == std::string("/x=3") || (x == std::string("/x=2") && first);
      cells.push_back(cell_of("a", std::string(x) + repeat, fails ? Verdict::fail : Verdict::pass));
      if (x == std::string("/x=4") && first) cells.back().attempts = 2;
    }
  }
  return run_of(cells);
}

TEST(RepeatsText, ShowsTheFlakyOnesFirstAndInfrastructureApart) {
  EXPECT_EQ(repeats_text(repeated(), 20), "repeats, 4 cells up to 4 times: 1 flaky\n"
                                          "  kernel=a/x=2\n    failed 1 of 4: 25 % (4.6 to 69.9 %)\n"
                                          "  kernel=a/x=3\n    failed 4 of 4: 100 % (51.0 to 100.0 %)\n"
                                          "  kernel=a/x=4\n    failed 0 of 4: 0 % (0.0 to 49.0 %); infrastructure 1 of "
                                          "5: 20 % (3.6 to 62.4 %)\n"
                                          "  the other 1: never failed, 0 of 4: 0 % (0.0 to 49.0 %)\n");
}

TEST(RepeatsText, FitsItsLines) {
  auto text = repeats_text(repeated(), 4);
  EXPECT_THAT(text, HasSubstr("the other 3: see summary.md\n"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 4);
}

TEST(RepeatsText, OfCellsThatRanOnceIsNothing) {
  EXPECT_EQ(repeats_text(run_of({cell_of("a", "")}), 20), "");
  EXPECT_EQ(repeats_markdown(run_of({cell_of("a", "")})), "");
}

TEST(RepeatsText, StandsInBothSummaries) {
  EXPECT_THAT(summary(repeated()), HasSubstr("\nrepeats, 4 cells"));
  EXPECT_THAT(summary_markdown(repeated()),
              HasSubstr("| kernel=a/x=2 (flaky) | 1 of 4: 25 % (4.6 to 69.9 %) | 0 of 4: 0 % (0.0 to 49.0 %) | "
                        "1 expectation |\n"));
}

} // namespace
} // namespace kdt::report
