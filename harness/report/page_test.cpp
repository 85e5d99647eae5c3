// report.html as a reader uses it, in a headless Chromium. Skipped where none is installed.

#include "report/cell_text.hpp"
#include "report/html.hpp"
#include "report/recorded_failures.hpp"
#include "report/sample_run.hpp"
#include "testing/browser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr const char* k_console = R"({"t":0.1,"type":"phase","phase":"boot","what":"begin"}
{"t":1.5,"type":"console","line":"[    0.000000] Booting Linux on physical CPU 0"}
{"t":1.5,"type":"note","kind":"stage","stage":"system_kernel","line":"Booting Linux on physical CPU 0"}
{"t":1.6,"type":"console","line":"<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"}
{"t":1.7,"type":"console","line":"\u001b[2J\u001b]0;owned\u0007 \u202egnp.exe crashkernel"}
{"t":2.0,"type":"phase","phase":"trigger","what":"begin"}
{"t":2.1,"type":"console","line":"[    3.1] sysrq: Trigger a crash"}
{"t":2.2,"type":"console","line":"[    3.2] Kernel panic - not syncing: sysrq triggered crash"}
{"t":2.2,"type":"note","kind":"stage","stage":"panicked","line":"Kernel panic - not syncing: sysrq triggered crash"}
{"t":2.5,"type":"phase","phase":"capture","what":"begin"}
{"t":2.6,"type":"console","line":"[    3.3] Bye!"}
)";

/// One browser for all tests: starting it is what takes time.
class Page : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    if (!kdt::testing::Browser::installed()) return;
    try {
      browser_ = new kdt::testing::Browser;
    } catch (const Error& error) { // what the host does not let it do is not the report's fault
      why_not_ = fmt::format("Chromium does not start here: {}", error.what());
    }
  }
  static void TearDownTestSuite() {
    delete browser_;
    browser_ = nullptr;
  }
  void SetUp() override {
    if (browser_ == nullptr) GTEST_SKIP() << why_not_;
  }
  /// However a test used the page, the browser must have had nothing to complain of.
  void TearDown() override {
    if (browser_ == nullptr) return;
    EXPECT_THAT(browser_->complaints(), IsEmpty());
  }

  void open(const RunResult& run, const std::string& fragment = "", PageOptions options = {}) {
    for (const auto& cell : run.cells) {
      auto directory = directory_.path() / "cells" / cell.cell.slug;
      make_directories(directory);
      write_file(directory / "events.jsonl", k_console);
    }
    options.directory = directory_.path();
    write_report_html(run, directory_.path() / "report.html", options);
    browser_->open(directory_.path() / "report.html", fragment);
  }
  static std::string text(const std::string& selector) {
    return browser_->value(fmt::format("document.querySelector(`{}`).textContent", selector)).get<std::string>();
  }
  static int count(const std::string& selector) {
    return browser_->value(fmt::format("document.querySelectorAll(`{}`).length", selector)).get<int>();
  }
  static void click(const std::string& selector) {
    browser_->run(fmt::format("document.querySelector(`{}`).click()", selector));
  }
  static void choose(const std::string& selector, const std::string& value) {
    browser_->run(fmt::format("const it = document.querySelector(`{}`); it.value = `{}`;"
                              "it.dispatchEvent(new Event(it.type === 'search' ? 'input' : 'change'))",
                              selector, value));
  }
  /// The page of a cell is there one turn of the event loop after its link was followed.
  static void follow(const std::string& selector) {
    browser_->run(
        fmt::format("const there = new Promise((done) => addEventListener('hashchange', done, {{once: true}}));"
                    "document.querySelector(`{}`).click(); await there",
                    selector));
  }

  static void go_to(const std::string& slug) {
    browser_->run(fmt::format("location.hash = '#/cell/' + encodeURIComponent(`{}`);"
                              "await new Promise((done) => addEventListener('hashchange', done, {{once: true}}))",
                              slug));
  }

  TempDir directory_{"kdt-page"};
  static inline kdt::testing::Browser* browser_ = nullptr;
  static inline std::string why_not_ = "Chromium is not installed (package chromium)";
};

TEST_F(Page, SaysAtOnceWhatWentWrongAndWhoseItIs) {
  open(sample_run());
  EXPECT_EQ(text("#headline"),
            "3 of 6 cells are red: 1 blamed on the kernel under test; 1 blamed on infrastructure: the "
            "host, QEMU or kdt itself; 1 because a known issue did not show.");
  auto findings = text("#part-findings");
  EXPECT_THAT(findings, HasSubstr("blame: kernel · in phase capture · capture-timeout"));
  EXPECT_THAT(findings, HasSubstr("blame: infra · in phase boot · guest-lost"));
  EXPECT_THAT(findings, HasSubstr("the capture kernel did not reach its agent: for 15 s nothing was said and no CPU "
                                  "moved; the console ends where the system kernel jumps to the capture kernel"));
}

TEST_F(Page, ShowsTheMatrixOverAnyTwoDimensions) {
  open(sample_run());
  EXPECT_EQ(count(".heatmap button"), 6);
  EXPECT_EQ(count(".heatmap button.v-fail"), 1);
  choose("#axis-x", "verdict");
  choose("#axis-y", "kernel");
  EXPECT_EQ(text(".heatmap caption"), "kernel down, verdict across");
  EXPECT_EQ(count(".heatmap tbody tr"), 2);
  EXPECT_EQ(count(".heatmap thead th"), 6);
  choose("#colour", "seconds");
  EXPECT_GT(count(".heatmap button.tone"), 0);
}

TEST_F(Page, GoesFromASquareWithTheArrowKeys) {
  open(sample_run());
  browser_->run("const first = document.querySelector('[data-at=\"0,0\"]'); first.focus();"
                "first.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))");
  EXPECT_EQ(browser_->value("document.activeElement.dataset.at"), "0,1");
}

TEST_F(Page, FiltersCellsByValuesAndWords) {
  open(sample_run());
  EXPECT_EQ(count("table.cells tbody tr"), 6);
  click("[data-filter='rodata=on']");
  EXPECT_EQ(count("table.cells tbody tr"), 2);
  EXPECT_EQ(text("#filtered"), "2 of 6 cells");
  choose("#words", "signal killed");
  EXPECT_EQ(count("table.cells tbody tr"), 1);
  EXPECT_EQ(count(".heatmap button"), 1);
  click("#clear");
  EXPECT_EQ(count("table.cells tbody tr"), 6);
}

TEST_F(Page, KeepsItsViewInTheAddress) {
  open(sample_run());
  click("[data-filter='verdict=fail']");
  choose("#axis-x", "phase");
  auto fragment = browser_->value("location.hash").get<std::string>();
  open(sample_run(), fragment);
  EXPECT_EQ(count("table.cells tbody tr"), 1);
  EXPECT_EQ(browser_->value("document.querySelector('#axis-x').value"), "phase");
  EXPECT_EQ(browser_->value("document.querySelector(`[data-filter='verdict=fail']`).checked"), true);
}

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

TEST_F(Page, ShowsWhatAHostileGuestPrintsAsText) {
  auto run = sample_run();
  run.matrix = "</title><img src=x onerror=\"document.title='owned'\">.yaml";
  run.cells.push_back(hostile_cell());
  open(run);
  auto title = browser_->value("document.title").get<std::string>();
  EXPECT_THAT(title, HasSubstr("<img src=x"));
  follow(".heatmap button.v-fail");
  for (const char* word : {"onerror", "owned", "gnp"}) choose("#console-words", word);
  click("#console-next");
  EXPECT_EQ(count("img"), 0);
  EXPECT_EQ(count("script:not([type])"), 1);
  EXPECT_EQ(browser_->value("document.title"), title);
  go_to("hostile");
  EXPECT_THAT(text("h1"), HasSubstr("<b>&\"'|`$(reboot)`"));
  EXPECT_THAT(text(".lead"), HasSubstr("\\x1b[2J"));
  EXPECT_THAT(text("section.finding"), HasSubstr("\\xed\\xa0\\x80 surrogate"));
  EXPECT_EQ(count("b b, img, oops"), 0);
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

/// What is wider than a phone is scrolled; nothing is broken letter by letter, and the page itself is not wider.
TEST_F(Page, OnAPhoneKeepsWordsWhole) {
  auto run = sample_run();
  for (std::size_t i = 0; i < run.cells.size(); ++i) {
    auto memory = std::to_string(1 + i) + "G";
    run.cells[i].cell.axes.emplace_back("memory", memory);
    run.cells[i].cell.axes.emplace_back("crashkernel", i % 2 == 0 ? "1G-4G:256M,4G-64G:320M,64G-:384M" : "256M");
  }
  open(run, "#/?x=memory&y=crashkernel");
  browser_->resize(390, 844);
  EXPECT_LE(browser_->value("document.documentElement.scrollWidth"), 390);
  EXPECT_GE(browser_->value("document.querySelector('.heatmap tbody th').getBoundingClientRect().width"), 90);
  browser_->resize(1280, 900);
}

TEST_F(Page, DrawsCostsAgainstMemory) {
  auto run = sample_run();
  for (std::size_t i = 0; i < run.cells.size(); ++i) {
    run.cells[i].cell.parameters.memory = ByteSize::gib(1 + i % 2);
    run.cells[i].observed["boot.seconds"] = 1.0 + static_cast<double>(i);
  }
  open(run);
  EXPECT_EQ(count(".chart"), 1);
  EXPECT_EQ(count(".chart .line"), 6);
  click("[data-line-of=rodata]");
  EXPECT_EQ(count(".chart .line"), 2);
  EXPECT_EQ(count(".chart circle"), 4);
  for (std::size_t i = 0; i < run.cells.size(); ++i)
    run.cells[i].cell.axes = {{"cpus", std::to_string(1 + i % 2)}, {"trigger", i < 2 ? "nmi" : "sysrq-c"}};
  open(run);
  EXPECT_THAT(text(".chart"), HasSubstr("cpus=2")) << "a bare 2 would tell nothing";
}

TEST_F(Page, ComparesWithABaseline) {
  auto run = sample_run();
  auto before = sample_run();
  before.run_id = "the-day-before";
  std::swap(before.cells[0].verdict, before.cells[1].verdict);
  before.cells.pop_back();
  before.cells.back().cell.id = "of-old";
  open(run, "", {.baseline = &before});
  EXPECT_THAT(text("#part-compare"), HasSubstr("Against run the-day-before"));
  EXPECT_THAT(text("#part-compare"), HasSubstr("1 newly red, 1 still red, 1 fixed, 2 new, 1 same, 1 gone."));
  click("[data-filter='change=newly red']");
  EXPECT_THAT(text("table.cells"), HasSubstr("capture-timeout"));
}

TEST_F(Page, ShowsHowOftenRepeatsFailed) {
  auto run = sample_run();
  run.cells.push_back(run.cells[0]);
  run.cells.back().cell.id += "#2";
  run.cells.back().cell.slug += "#2";
  run.cells.back().verdict = Verdict::fail;
  run.cells.back().findings = {make_finding("oops", "it did")};
  run.merged = Merged{.shards = 3, .missing_shards = {2}, .missing_cells = {}};
  open(run);
  EXPECT_THAT(text("#part-repeats"), HasSubstr("1 cell ran more than once; 1 flaky."));
  EXPECT_THAT(text("table.repeats"), HasSubstr("(flaky)1 of 2: 50 % (9.5 to 90.5 %)0 of 2: 0 % (0.0 to 65.8 %)1 oops"));
  browser_->run("const about = document.querySelector('#head details');"
                "const there = new Promise((done) => about.addEventListener('toggle', done, {once: true}));"
                "about.open = true; await there");
  EXPECT_THAT(text("#head"), HasSubstr("3 shards, not there: shard 2"));
  open(sample_run());
  EXPECT_EQ(count("#part-repeats"), 0);
}

TEST_F(Page, OfAThousandCellsIsThereAtOnce) {
  auto run = sample_run();
  auto cells = run.cells;
  run.cells.clear();
  for (int i = 0; i < 1000; ++i) {
    run.cells.push_back(cells[static_cast<std::size_t>(i) % cells.size()]);
    auto& cell = run.cells.back().cell;
    cell.id += fmt::format("/cmdline={}", i);
    cell.slug += fmt::format("_{}", i);
    cell.axes.emplace_back("cmdline", std::to_string(i % 20));
  }
  write_report_html(run, directory_.path() / "report.html", {});
  browser_->open(directory_.path() / "report.html");
  EXPECT_THAT(text("#filtered"), HasSubstr("1,000 cells"));
  // How fast depends on the machine: the figure is for a reader of the test's output.
  auto loaded = browser_->value("performance.getEntriesByType('navigation')[0].loadEventEnd");
  RecordProperty("load_milliseconds", loaded.dump());
  fmt::print("a page of 1,000 cells was loaded after {} ms\n", loaded.dump());
  EXPECT_LE(count("table.cells tbody tr"), 100) << "no more than a reader looks at";
}

} // namespace
} // namespace kdt::report
