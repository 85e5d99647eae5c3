// Recorded failures, made on purpose (harness/e2e/controls_test.cpp and a few more), each with what was really done to
// it: can a reader tell from a report alone who failed and where?

#include "base/text.hpp"
#include "report/cell_text.hpp"
#include "report/junit.hpp"
#include "report/ktap.hpp"
#include "report/page_data.hpp"
#include "report/recorded_failures.hpp"
#include "report/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;

class Failures : public ::testing::TestWithParam<RecordedFailure> {
protected:
  RunResult run_ = recorded_failures();
  const CellResult& cell_ = cell_of(run_, GetParam());
};

TEST_P(Failures, AreTheWorkOfWhomTheyAreBlamedOn) {
  EXPECT_EQ(cell_.verdict, GetParam().verdict);
  EXPECT_EQ(cell_.blame, GetParam().blame);
  ASSERT_NE(cause(cell_), nullptr);
  EXPECT_EQ(cause(cell_)->phase, GetParam().phase);
  EXPECT_FALSE(reason(cell_).empty());
}

TEST_P(Failures, AreToldInTheSummaryWithPhaseBlameAndCommand) {
  auto alone = run_;
  alone.cells = {cell_};
  auto text = summary(alone);
  EXPECT_THAT(text,
              HasSubstr(fmt::format("      {}, blame {}, ", to_string(GetParam().phase), to_string(GetParam().blame))));
  EXPECT_THAT(text, HasSubstr("again: ./kdt run matrices/controls.yaml --only '" + cell_.cell.id));
  EXPECT_THAT(summary_markdown(alone),
              HasSubstr(fmt::format("{}, blame {}, ", to_string(GetParam().phase), to_string(GetParam().blame))));
}

TEST_P(Failures, AreToldToMachines) {
  auto alone = run_;
  alone.cells = {cell_};
  auto node = cell_.verdict == Verdict::error ? "<error " : "<failure ";
  EXPECT_THAT(junit(alone), HasSubstr(node));
  EXPECT_THAT(junit(alone),
              HasSubstr(fmt::format("(blame {}, phase {})", to_string(GetParam().blame), to_string(GetParam().phase))));
  auto error = cell_.verdict == Verdict::error ? "ERROR " : "";
  EXPECT_THAT(ktap(alone),
              HasSubstr(fmt::format(" # {}{} {}: ", error, to_string(GetParam().blame), cause(cell_)->code)));
}

TEST_P(Failures, AreToldOnThePage) {
  auto alone = run_;
  alone.cells = {cell_};
  auto data = page_data(alone, {});
  EXPECT_EQ(data.overview["cells"][0]["blame"], to_string(GetParam().blame));
  EXPECT_EQ(data.overview["cells"][0]["phase"], to_string(GetParam().phase));
  auto code = data.overview["cells"][0]["code"].get<std::string>();
  EXPECT_FALSE(data.overview["explain"]["codes"][code]["next"].get<std::string>().empty());
}

INSTANTIATE_TEST_SUITE_P(Recorded, Failures, ::testing::ValuesIn(k_recorded_failures),
                         [](const auto& failure) { return std::string(failure.param.name); });

TEST(RecordedFailures, AreAllAccountedFor) {
  EXPECT_EQ(recorded_failures().cells.size(), std::size(k_recorded_failures));
}

} // namespace
} // namespace kdt::report
