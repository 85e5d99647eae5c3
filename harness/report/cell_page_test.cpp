// report.html as a reader uses it, in a headless Chromium: the page of one cell. Skipped where none is installed.

#include "report/cell_text.hpp"
#include "report/page_fixture.hpp"
#include "report/recorded_failures.hpp"
#include "report/sample_run.hpp"
#include "testing/browser.hpp"

#include <gmock/gmock.h>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(Page, OfACellTellsItsPhasesFindingsAndExpectations) {
  open(sample_run());
  follow(".heatmap button.v-fail");
  EXPECT_THAT(text("h1"), HasSubstr("kernel=v6.1-dma/rodata=on"));
  EXPECT_EQ(count(".timeline li.done"), 5);
  EXPECT_THAT(text(".timeline li.failed"), StartsWith("capture"));
  EXPECT_EQ(count(".timeline li.absent"), 2);
  EXPECT_THAT(text(".lead"), HasSubstr("did not reach its agent"));
  EXPECT_THAT(text("section.finding"), HasSubstr("Starting crashdump kernel"));
  EXPECT_THAT(text("dl.explain"), HasSubstr(find_code("capture-timeout")->causes));
  EXPECT_THAT(text("table.expected"), HasSubstr("nobody saw it"));
  EXPECT_THAT(text("table.expected"), HasSubstr("arch/arm64/kernel/machine_kexec.c"));
  EXPECT_THAT(text(".again"), HasSubstr("./kdt run matrices/smoke.yaml --only"));
  follow("nav a");
  EXPECT_EQ(count(".heatmap"), 1);
}

TEST_F(Page, OfACellSaysWhetherItsGuestWasForkedOrBootedInstead) {
  auto run = sample_run();
  run.cells[0].fork = Fork{.of = "probe-1a2b", .after = Phase::probe};
  run.cells[1].not_forked = "template probe-1a2b: QEMU refused migrate";
  open(run);
  go_to(run.cells[0].cell.slug);
  EXPECT_THAT(text("body > main"), HasSubstr("a fork of a guest that stood still after probe (templates/probe-1a2b/)"));
  go_to(run.cells[1].cell.slug);
  EXPECT_THAT(text("body > main"), HasSubstr("booted instead of forked: template probe-1a2b: QEMU refused migrate"));
  go_to(run.cells[2].cell.slug);
  EXPECT_THAT(text("body > main"), Not(HasSubstr("fork")));
}

TEST_F(Page, HasNothingThatIsNoTextInAnyFold) {
  auto run = sample_run();
  run.merged = Merged{.shards = 2, .missing_shards = {2}, .missing_cells = {}};
  auto baseline = sample_run();
  baseline.cells.back().cell.id = "of-old";
  open(run, "", {.baseline = &baseline});
  std::vector<std::string> pages{"overview", "explain"};
  for (const auto& cell : run.cells) pages.push_back(cell.cell.slug);
  for (const auto& page : pages) {
    if (page == "explain")
      browser_->run("location.hash = '#/explain'; await new Promise((done) => addEventListener('hashchange', done, "
                    "{once: true}))");
    else if (page != "overview")
      go_to(page);
    unfold_all();
    EXPECT_THAT(text("body > main"), Not(HasSubstr("[object"))) << page;
    EXPECT_THAT(text("header") + text("footer"), Not(HasSubstr("[object")));
    EXPECT_EQ(count("details:not([open])"), 0) << page;
  }
  EXPECT_THAT(text(".known"), HasSubstr("dump.compression"));
  EXPECT_THAT(text(".known"), HasSubstr("fingerprint 7777"));
  EXPECT_THAT(text("#glossary"), HasSubstr("the first process of the system kernel"));
}

TEST_F(Page, TellsWhatIsSetInARedCellAndNotInGreenOnes) {
  auto run = sample_run();
  for (auto& cell : run.cells) cell.cell.axes = {{"kernel", cell.cell.parameters.kernel}};
  auto& red = run.cells[1].cell;
  red.parameters.cmdline = "loglevel=0 kdt.mute";
  red.axes.emplace_back("cmdline", "loglevel=0+kdt.mute");
  open(run);
  constexpr const char* k_own =
      "Set in this cell: kernel=v6.1-dma, cmdline=loglevel=0 kdt.mute. No green cell has cmdline=loglevel=0 kdt.mute: "
      "suspect that first.";
  EXPECT_EQ(text("li.finding.v-border-fail .apart"), k_own);
  EXPECT_EQ(count("#nothing-green"), 0);
  go_to(red.slug);
  EXPECT_EQ(text(".apart"), k_own);
  red.axes = {{"cmdline", "loglevel=0+kdt.mute"}};
  open(run, "#/cell/" + red.slug);
  EXPECT_EQ(text(".apart"),
            "Set in this cell: cmdline=loglevel=0 kdt.mute. Cells without it are green: suspect that first.");
  run.cells[1].blame = Blame::infra;
  open(run, "#/cell/" + red.slug);
  EXPECT_EQ(text(".apart"), "Set in this cell: cmdline=loglevel=0 kdt.mute.");
  run.cells[1].blame = Blame::kernel;
  run.cells[0].cell.axes = red.axes;
  open(run, "#/cell/" + red.slug);
  EXPECT_THAT(text(".apart"), HasSubstr("Green cells have each of these, too."));
  std::erase_if(run.cells, [](const CellResult& cell) { return cell.verdict == Verdict::pass; });
  open(run);
  EXPECT_EQ(text("#nothing-green"), "No cell of this run is green: there is nothing to compare with.");
  EXPECT_THAT(text("#part-findings"), Not(HasSubstr("suspect")));
}

TEST_F(Page, OfWhatTheMatrixAskedForBlamesNoInfrastructure) {
  auto run = sample_run();
  auto& cell = run.cells[4];
  cell.findings = {make_finding("reservation-missing", "no crash region was asked for")};
  cell.findings[0].blame = Blame::usage;
  cell.blame = Blame::usage;
  cell.observed["boot.seconds"] = 1.25;
  open(run, "#/cell/" + cell.cell.slug);
  EXPECT_THAT(text("main"), HasSubstr("“error” means: the matrix asked for something that cannot show anything"));
  EXPECT_THAT(browser_->value("document.querySelector('h1 .badge').title").get<std::string>(),
              StartsWith("the matrix asked"));
  EXPECT_THAT(text("main"), HasSubstr("No rule was broken; the findings above are why it is red."));
  EXPECT_THAT(text(".timeline li.noticed"), HasSubstr("noticed here")) << "the guest did boot";
  EXPECT_EQ(count(".timeline li.failed"), 0);
}

TEST_F(Page, FoldsTheUsualCausesBelowALikelyOneAndShowsTheEndOfTheConsole) {
  auto run = sample_run();
  auto& finding = run.cells[1].findings[0];
  finding.text += "; likely cause: the capture kernel runs and is idle";
  for (int i = 0; i < 20; ++i) finding.evidence.push_back(fmt::format("[    9.{:03}] line {}", i, i));
  open(run, "#/cell/" + run.cells[1].cell.slug);
  EXPECT_THAT(text("dl.explain"), Not(HasSubstr("Usual causes")));
  EXPECT_THAT(text("section.finding"), HasSubstr("Other usual causes"));
  EXPECT_THAT(text("section.finding > pre"), StartsWith("[    9.010] line 10\n"));
  EXPECT_THAT(text("section.finding"), Not(HasSubstr("[    9.009] line 9")));
  unfold_all();
  EXPECT_THAT(text("section.finding"), HasSubstr("[    9.009] line 9"));
  finding = make_finding("console-flood", "the console prints the same line without end: 'again'");
  finding.evidence.assign(20, "again"); // a program's words: they have no time stamps
  open(run, "#/cell/" + run.cells[1].cell.slug);
  EXPECT_THAT(text("section.finding"), HasSubstr("10 lines before these"));
}

TEST_F(Page, OfALostGuestTellsOfMemoryAndNoEmptyFile) {
  auto run = sample_run();
  auto& cell = run.cells[4];
  cell.artifacts["emulator_log"] = "qemu.stderr";
  cell.observed["host.peak_memory"] = std::int64_t{300} << 20;
  cell.observed["host.memory_left"] = std::int64_t{8} << 30;
  auto directory = directory_.path() / "cells" / cell.cell.slug;
  make_directories(directory);
  write_file(directory / "qemu.stderr", "");
  open(run, "#/cell/" + cell.cell.slug);
  EXPECT_THAT(text("section.finding"), HasSubstr("QEMU had taken up to 300M of the host's memory. When it was gone the "
                                                 "host could still give 8G."));
  unfold_all();
  EXPECT_THAT(text("ul.files"), HasSubstr("QEMU printed nothing."));
  EXPECT_THAT(text("main"), Not(HasSubstr("qemu.stderr")));
}

TEST_F(Page, SearchesTheConsole) {
  open(sample_run());
  follow(".heatmap button.v-fail");
  EXPECT_EQ(count("details[data-phase]"), 3);
  EXPECT_EQ(count("details[data-phase][open]"), 1) << "the phase that failed";
  choose("#console-words", "CRASH");
  EXPECT_EQ(text("#console-hits"), "1 of 3");
  EXPECT_EQ(count("mark"), 3);
  EXPECT_EQ(count("details[data-phase][open]"), 3);
  click("#console-next");
  EXPECT_EQ(text("#console-hits"), "2 of 3");
  EXPECT_THAT(text(".line.current"), HasSubstr("sysrq: Trigger a crash"));
  choose("#console-words", "not on this console");
  EXPECT_EQ(text("#console-hits"), "no match");
  EXPECT_EQ(count("mark"), 0);
}

TEST_F(Page, JumpsToThePanicInItsFold) {
  open(sample_run());
  follow(".heatmap button.v-fail");
  EXPECT_EQ(count("details[data-phase=trigger][open]"), 0);
  click("#to-panic");
  EXPECT_EQ(count("details[data-phase=trigger][open]"), 1);
  EXPECT_THAT(text(".line.current"), HasSubstr("Kernel panic - not syncing"));
  EXPECT_EQ(browser_->value("document.querySelector('.line.current').getBoundingClientRect().top < innerHeight"), true);
}

TEST_F(Page, OpensTheConsoleWhereItIsDecided) {
  auto run = sample_run();
  const auto& slug = run.cells[1].cell.slug; // its capture phase failed
  auto shown = [&](const std::string& word) {
    return browser_->value(fmt::format(
        "(() => {{ const box = document.querySelector('details[open] .lines'), at = [...box.children].find((line) => "
        "line.textContent.includes(`{}`)).getBoundingClientRect(), inside = box.getBoundingClientRect();"
        "return at.top >= inside.top - 1 && at.bottom <= inside.bottom + 1; }})()",
        word));
  };
  auto open_with = [&](const std::string& lines) {
    open(run);
    write_file(directory_.path() / "cells" / slug / "events.jsonl", k_console + lines);
    write_report_html(run, directory_.path() / "report.html", {.directory = directory_.path()});
    browser_->open(directory_.path() / "report.html", "#/cell/" + slug);
  };
  auto lines = [](const std::string& word) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += fmt::format(R"({{"t":3,"type":"console","line":"{} {};"}})", word, i) + "\n";
    return text;
  };
  auto agent = lines("early") + R"({"t":3,"type":"console","line":"kdt-agent: hello capture"})" + "\n";
  open_with(agent);
  EXPECT_EQ(shown("kdt-agent: hello capture"), true);
  EXPECT_EQ(shown("early 0;"), false);
  EXPECT_THAT(text(".line.agent"), HasSubstr("kdt’s agent"));
  constexpr const char* k_panic = R"({"t":3,"type":"console","line":"Kernel panic - not syncing: x"}
{"t":3,"type":"note","kind":"stage","stage":"capture_panicked","line":"Kernel panic - not syncing: x"}
)";
  open_with(agent + k_panic + lines("late"));
  EXPECT_EQ(shown("not syncing: x"), true);
  EXPECT_EQ(shown("late 299;"), false);
  click("#to-end");
  EXPECT_EQ(shown("late 299;"), true);
}

/// As a reader who knows nothing of kdt goes from cell to cell: the first lines of each page tell.
TEST_F(Page, OfRecordedFailuresTellsWhoFailedAndWhere) {
  auto run = recorded_failures();
  open(run);
  EXPECT_THAT(text("#headline"), HasSubstr("13 of 13 cells are red: "));
  for (const auto& failure : k_recorded_failures) {
    const auto& cell = cell_of(run, failure);
    go_to(cell.cell.slug);
    EXPECT_THAT(text(".lead"),
                StartsWith(fmt::format("{} · {} · ", to_string(failure.blame), to_string(failure.phase))));
    EXPECT_THAT(text(".lead"), HasSubstr(reason(cell)));
    EXPECT_THAT(text("section.finding"), HasSubstr("What next"));
    EXPECT_EQ(count(".timeline li"), 8);
  }
}

TEST_F(Page, OnPaperLeavesOutNoKindOfRedCellAndNoEvidence) {
  auto run = recorded_failures();
  open(run);
  ASSERT_EQ(count("#more-findings li.finding"), 0);
  browser_->run("window.dispatchEvent(new Event('beforeprint'))");
  EXPECT_EQ(count("#part-findings li.finding"), 12);
  EXPECT_EQ(count("#more-findings[open]"), 1);
  run.cells.resize(1);
  run.cells[0].findings[0].evidence = std::vector<std::string>(40, "one of many lines");
  open(run, "#/cell/" + run.cells[0].cell.slug);
  ASSERT_EQ(count("section.finding pre"), 0);
  browser_->run("window.dispatchEvent(new Event('beforeprint'))");
  EXPECT_THAT(text("section.finding pre"), HasSubstr("one of many lines"));
}

TEST_F(Page, HasNoEvidenceWhereNothingWasSaid) {
  auto run = recorded_failures();
  open(run);
  const auto& failure =
      *std::ranges::find(k_recorded_failures, std::string_view("EmulatorKilled"), &RecordedFailure::name);
  go_to(cell_of(run, failure).cell.slug);
  EXPECT_EQ(count("section.finding"), 1);
  EXPECT_EQ(count("section.finding details"), 0);
  EXPECT_EQ(count("section.finding.v-border-error"), 1);
}

} // namespace
} // namespace kdt::report
