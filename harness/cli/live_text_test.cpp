#include "cli/live_text.hpp"
#include "report/columns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

LiveView view_of(std::size_t running) {
  LiveView view{.progress = {.done = 3, .total = 12, .left = Seconds(190)}, .red = 1};
  for (std::size_t i = 0; i < running; ++i)
    view.running.push_back({.id = fmt::format("kernel=v6.1-dma/memory=256G/rodata=full/cell={}", i),
                            .phase = Phase::capture,
                            .elapsed = Seconds(62.4),
                            .in_phase = Seconds(7.6)});
  return view;
}

TEST(LiveLines, TellHowFarTheRunIsAndWhatEachCellDoes) {
  EXPECT_THAT(live_lines(view_of(1), {.columns = 100, .rows = 24}),
              ElementsAre("3/12 cells, 1 red, about 3 min 10 s left",
                          "  kernel=v6.1-dma/memory=256G/rodata=full/cell=0  capture    8 s, in all   62 s"));
}

TEST(LiveLines, SayNothingOfWhatIsNotSo) {
  LiveView view{.progress = {.done = 0, .total = 4, .left = Seconds(0)}};
  EXPECT_THAT(live_lines(view, {}), ElementsAre("0/4 cells"));
  view.building = "building kernel v6.1-dma 40 %";
  EXPECT_THAT(live_lines(view, {}), ElementsAre("0/4 cells; building kernel v6.1-dma 40 %"));
}

TEST(LiveLines, AreNarrowerThanTheTerminalAndKeepPhaseAndTime) {
  for (std::size_t columns : {1U, 2U, 10U, 30U, 40U, 79U, 80U})
    for (const auto& line : live_lines(view_of(2), {.columns = columns, .rows = 24}))
      EXPECT_LE(report::width_of(line), columns > 1 ? columns - 1 : 1) << columns << ": " << line;
  auto lines = live_lines(view_of(1), {.columns = 60, .rows = 24});
  EXPECT_THAT(lines[1], EndsWith("capture    8 s, in all   62 s"));
  EXPECT_THAT(lines[1], HasSubstr("…"));
  EXPECT_THAT(lines[1], HasSubstr("cell=0"));
}

TEST(LiveLines, HaveThePhasesBelowEachOther) {
  auto view = view_of(2);
  view.running[0].id = "a=1";
  view.running[0].phase = Phase::boot;
  view.running[1].id = "kernel=é/a=1";
  auto lines = live_lines(view, {.columns = 80, .rows = 24});
  EXPECT_EQ(lines[1], "  a=1           boot       8 s, in all   62 s");
  EXPECT_EQ(lines[2], "  kernel=é/a=1  capture    8 s, in all   62 s");
}

TEST(LiveLines, FillAtMostHalfOfTheTerminal) {
  auto lines = live_lines(view_of(40), {.columns = 80, .rows = 12});
  EXPECT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines.back(), "  and 36 more");
  EXPECT_EQ(live_lines(view_of(5), {.columns = 80, .rows = 12}).size(), 6U);
  EXPECT_LE(live_lines(view_of(5), {.columns = 80, .rows = 1}).size(), 2U);
}

CellResult failed() {
  CellResult result;
  result.cell.id = "rodata=on";
  result.verdict = Verdict::fail;
  result.blame = Blame::kernel;
  result.seconds = Seconds(21.4);
  result.findings.push_back(make_finding("capture-timeout", "no capture kernel within 20 s\x1b[2J"));
  return result;
}

TEST(EndedText, OfAPassIsOneLine) {
  auto result = failed();
  result.verdict = Verdict::pass;
  result.findings.clear();
  result.observed["save.exit_status"] = std::int64_t{0};
  auto text = ended_text(result, 80);
  EXPECT_EQ(text.verdict + text.rest, "pass   21.4 s  rodata=on");
  EXPECT_EQ(text.why, "");
}

TEST(EndedText, OfAPassWithoutADumpSaysThatNothingWasCaptured) {
  auto result = failed();
  result.verdict = Verdict::pass;
  result.findings.clear();
  EXPECT_EQ(ended_text(result, 80).rest, "  21.4 s  rodata=on  (no dump, as expected)");
}

TEST(EndedText, OfAFailureSaysInOneLineWhoseItIsWhereAndWhy) {
  EXPECT_EQ(ended_text(failed(), 0).why, "      capture, blame kernel: no capture kernel within 20 s\\x1b[2J");
  EXPECT_EQ(ended_text(failed(), 46).why, "      capture, blame kernel: no capture kerne…");
}

TEST(EndedText, OfAKnownIssueThatDidNotShowBlamesNobody) {
  auto result = failed();
  result.verdict = Verdict::xpass;
  result.known_issue = "old-bug";
  EXPECT_EQ(ended_text(result, 0).why, "      known issue 'old-bug' did not show: remove its entry");
}

} // namespace
} // namespace kdt::cli
