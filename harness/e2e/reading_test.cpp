// The commands that only read: list, explain, report. They need no guest of their own.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string k_smoke = std::string(KDT_SOURCE_DIR) + "/matrices/smoke.yaml";

class Reading : public ::testing::Test {
protected:
  Outcome kdt(const std::vector<std::string>& arguments) { return run_kdt(place_, arguments, std::chrono::minutes(1)); }
  Place place_;
};

TEST_F(Reading, ListSaysWhatIsExpectedOfEachCellAndWhy) {
  auto outcome = kdt({"list", k_smoke});
  EXPECT_EQ(outcome.status.code, 0);
  EXPECT_THAT(outcome.out, StartsWith("kernel=v6.1-dma/rodata=full\n"));
  EXPECT_THAT(outcome.out, HasSubstr("probe.segments: faults\n"));
  EXPECT_THAT(outcome.out, HasSubstr("removed by 0d124e96051b"));
}

TEST_F(Reading, ListAsJsonIsOneArrayOfCells) {
  auto outcome = kdt({"list", k_smoke, "--json", "--only", "zone_dma=off"});
  auto cells = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(cells.size(), 2U);
  EXPECT_EQ(cells[0]["axes"]["kernel"], "v6.1-nodma");
  EXPECT_FALSE(cells[0]["expected"].empty());
}

TEST_F(Reading, ExplainKnowsEveryCodeAndRefusesOthers) {
  auto all = kdt({"explain"});
  EXPECT_THAT(all.out, HasSubstr("reservation-missing"));
  auto one = kdt({"explain", "capture-timeout"});
  EXPECT_EQ(one.status.code, 0);
  for (const char* part : {"Meaning:", "Usual causes:", "What next:"}) EXPECT_THAT(one.out, HasSubstr(part));
  auto wrong = kdt({"explain", "capture-timeuot"});
  EXPECT_EQ(wrong.status.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'capture-timeout'?"));
}

TEST_F(Reading, ReportRendersARunAgain) {
  auto run = std::string(KDT_SOURCE_DIR) + "/harness/report/testdata/run.json";
  auto markdown = place_.path() / "summary.md";
  auto outcome = kdt({"report", run, "--markdown", markdown.string(), "--junit", (place_.path() / "j.xml").string()});
  EXPECT_EQ(outcome.status.code, 0) << outcome.err;
  EXPECT_THAT(read_file(markdown), HasSubstr("|"));
  auto page = place_.path() / "report.html";
  auto tap = place_.path() / "run.ktap";
  outcome = kdt({"report", run, "--html", page.string(), "--baseline", run, "--ktap", tap.string()});
  EXPECT_EQ(outcome.status.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(read_file(page), HasSubstr("\"baseline\":{"));
  EXPECT_THAT(read_file(tap), StartsWith("KTAP version 1\n1..6\n"));
  EXPECT_THAT(kdt({"report", run, "--baseline", run}).out, HasSubstr("3 still broken"));
  EXPECT_EQ(kdt({"report", place_.path().string()}).status.code, 2); // no run.json there
}

} // namespace
} // namespace kdt::e2e
