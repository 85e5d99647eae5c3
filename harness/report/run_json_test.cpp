#include "report/junit.hpp"
#include "report/run_json.hpp"
#include "report/sample_run.hpp"
#include "report/summary.hpp"
#include "testing/golden.hpp"

#include <gtest/gtest.h>

namespace kdt::report {
namespace {

const fs::path k_testdata{KDT_TESTDATA};

std::string refusal(const fs::path& file, std::string_view text) {
  write_file(file, text);
  try {
    read_run_json(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    return error.what();
  }
  return "";
}

TEST(RunJson, LooksLikeItsGoldenFile) {
  testing::expect_golden(run_json(sample_run()), k_testdata / "run.json");
}

TEST(RunJson, IsEnoughToRenderEveryOtherReportAgain) {
  TempDir directory("kdt-report");
  auto file = directory.path() / "run.json";
  auto run = sample_run();
  run.cells.push_back(hostile_cell());
  write_run_json(run, file);
  auto back = read_run_json(file);
  EXPECT_EQ(run_json(back), run_json(run));
  EXPECT_EQ(junit(back), junit(run));
  EXPECT_EQ(summary(back), summary(run));
  EXPECT_EQ(summary_markdown(back), summary_markdown(run));
}

TEST(RunJson, AFileThatIsNoRunIsRefusedByName) {
  TempDir directory("kdt-report");
  auto file = directory.path() / "run.json";
  auto whole = run_json(sample_run());
  EXPECT_EQ(refusal(file, whole), "");
  EXPECT_EQ(refusal(file, "{"), file.string() + " is not JSON: it breaks off or goes wrong at byte 2");
  EXPECT_EQ(refusal(file, "{}"), file.string() + " is not a run that kdt wrote: member 'schema' is missing");
  EXPECT_EQ(refusal(file, "[]"), file.string() + " is not a run that kdt wrote: member '' is not an object");
  EXPECT_NE(refusal(file, whole.substr(0, whole.size() / 2)), "");
}

TEST(RunJson, AFileThatIsNotThereIsNamed) {
  TempDir directory("kdt-report");
  EXPECT_THROW(read_run_json(directory.path() / "absent.json"), Error);
  EXPECT_THROW(write_run_json(sample_run(), directory.path() / "no/such/run.json"), Error);
}

} // namespace
} // namespace kdt::report
