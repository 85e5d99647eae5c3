#include "report/sample_run.hpp"
#include "report/story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

CellResult with(Verdict verdict) {
  auto run = sample_run();
  return *std::ranges::find(run.cells, verdict, &CellResult::verdict);
}

TEST(Story, TellsPhasesFindingsAndWhetherItShowsAgain) {
  auto fail = with(Verdict::fail);
  fail.findings.front().evidence.clear();
  for (int i = 0; i < 20; ++i) fail.findings.front().evidence.push_back(fmt::format("line {}", i));
  auto text = story(fail, fail);
  EXPECT_THAT(text, HasSubstr("  boot        1.25 s  done\n"));
  EXPECT_THAT(text, HasSubstr(fail.findings.front().code + " (phase "));
  EXPECT_THAT(text, HasSubstr("  … 8 lines before these\n  | line 8\n"));
  EXPECT_THAT(text, HasSubstr("  | line 19\n"));
  EXPECT_THAT(text, HasSubstr("as before: fail (" + fail.findings.front().code + ")"));
}

TEST(Story, TellsWhichPhasesATemplateWentThrough) {
  auto cell = with(Verdict::pass);
  cell.phases[1].of_template = true;
  EXPECT_THAT(story(cell, cell), HasSubstr("  boot        1.25 s  done, by its template\n  load"));
}

TEST(Story, ShowsWhatAToolSaidLineByLine) {
  auto fail = with(Verdict::fail);
  fail.findings.front().evidence = {"Try gzip decompression.\n\nkexec_file_load failed: Cannot assign\n"};
  EXPECT_THAT(story(fail, fail),
              HasSubstr("\n  | Try gzip decompression.\n  | kexec_file_load failed: Cannot assign\n\n"));
}

TEST(Story, TellsWhatShouldHaveBeenSeenAndWhy) {
  auto cell = with(Verdict::pass);
  EXPECT_THAT(story(cell, cell), Not(HasSubstr("should be")));
  cell.expectations.front().held = false;
  cell.expectations.front().observed.reset();
  EXPECT_THAT(story(cell, cell), HasSubstr("probe.segments should be faults, was not seen\n  because "));
}

TEST(Story, AGuestCannotDriveTheTerminalWithIt) {
  auto cell = with(Verdict::fail);
  cell.findings.front().evidence = {"\x1b[2Jgone"};
  EXPECT_THAT(story(cell, cell), Not(HasSubstr("\x1b")));
}

TEST(AsBefore, SaysWhatChanged) {
  auto fail = with(Verdict::fail);
  auto pass = with(Verdict::pass);
  EXPECT_EQ(as_before(pass, pass), "as before: pass");
  EXPECT_THAT(as_before(pass, fail), HasSubstr("it was fail ("));
  EXPECT_THAT(as_before(pass, fail), HasSubstr("--repeat 20"));
  EXPECT_THAT(as_before(fail, pass), HasSubstr("not as before: it was pass and is fail ("));
  auto other = fail;
  other.findings.front().code = "oops";
  EXPECT_THAT(as_before(other, fail), HasSubstr("not as before"));
}

} // namespace
} // namespace kdt::report
