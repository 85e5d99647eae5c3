// report.html as a reader uses it, in a headless Chromium: what it shows of a whole run. Skipped where none is
// installed.

#include "report/page_fixture.hpp"
#include "report/sample_run.hpp"
#include "testing/browser.hpp"

#include <gmock/gmock.h>

namespace kdt::report {

const char* const k_console = R"({"t":0.1,"type":"phase","phase":"boot","what":"begin"}
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

void Page::SetUpTestSuite() {
  if (!kdt::testing::Browser::installed()) return;
  try {
    browser_ = new kdt::testing::Browser;
  } catch (const Error& error) { // what the host does not let it do is not the report's fault
    why_not_ = fmt::format("Chromium does not start here: {}", error.what());
  }
}

void Page::TearDownTestSuite() {
  delete browser_;
  browser_ = nullptr;
}

void Page::SetUp() {
  if (browser_ == nullptr) GTEST_SKIP() << why_not_;
}

void Page::TearDown() {
  if (browser_ == nullptr) return;
  EXPECT_THAT(browser_->complaints(), ::testing::IsEmpty());
}

void Page::open(const RunResult& run, const std::string& fragment, PageOptions options) {
  for (const auto& cell : run.cells) {
    auto directory = directory_.path() / "cells" / cell.cell.slug;
    make_directories(directory);
    write_file(directory / "events.jsonl", k_console);
  }
  options.directory = directory_.path();
  write_report_html(run, directory_.path() / "report.html", options);
  browser_->open(directory_.path() / "report.html", fragment);
}

std::string Page::text(const std::string& selector) {
  return browser_->value(fmt::format("document.querySelector(`{}`).textContent", selector)).get<std::string>();
}

int Page::count(const std::string& selector) {
  return browser_->value(fmt::format("document.querySelectorAll(`{}`).length", selector)).get<int>();
}

void Page::click(const std::string& selector) {
  browser_->run(fmt::format("document.querySelector(`{}`).click()", selector));
}

void Page::choose(const std::string& selector, const std::string& value) {
  browser_->run(fmt::format("const it = document.querySelector(`{}`); it.value = `{}`;"
                            "it.dispatchEvent(new Event(it.type === 'search' ? 'input' : 'change'))",
                            selector, value));
}

void Page::follow(const std::string& selector) {
  browser_->run(fmt::format("const there = new Promise((done) => addEventListener('hashchange', done, {{once: true}}));"
                            "document.querySelector(`{}`).click(); await there",
                            selector));
}

void Page::go_to(const std::string& slug) {
  browser_->run(fmt::format("location.hash = '#/cell/' + encodeURIComponent(`{}`);"
                            "await new Promise((done) => addEventListener('hashchange', done, {{once: true}}))",
                            slug));
}

void Page::unfold_all() {
  browser_->run(
      "const closed = () => [...document.querySelectorAll('details:not([open])')];"
      "while (closed().length > 0) for (const part of closed())"
      " await new Promise((done) => { part.addEventListener('toggle', done, {once: true}); part.open = true; })");
}

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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

TEST_F(Page, OfAWrongAddressIsTheOverview) {
  open(sample_run(), "#/cell/%");
  EXPECT_EQ(count(".heatmap"), 1);
  EXPECT_EQ(browser_->value("document.body.dataset.page"), "overview");
  open(sample_run(), "#/explain/%E0%A4%A");
  EXPECT_EQ(text("h1"), "What findings mean");
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
  run.cells[1].findings[0].text = std::string(300, 'x');
  open(run, "#/cell/" + run.cells[1].cell.slug);
  EXPECT_LE(browser_->value("document.documentElement.scrollWidth"), 390);
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
  std::string console = k_console;
  for (int i = 0; i < 500; ++i) console += fmt::format(R"({{"t":3,"type":"console","line":"a line {}"}})", i) + "\n";
  for (std::size_t i = 0; i < run.cells.size(); i += 10) {
    auto directory = directory_.path() / "cells" / run.cells[i].cell.slug;
    make_directories(directory);
    write_file(directory / "events.jsonl", console);
  }
  write_report_html(run, directory_.path() / "report.html", {.directory = directory_.path()});
  browser_->open(directory_.path() / "report.html");
  EXPECT_THAT(text("#filtered"), HasSubstr("1,000 cells"));
  EXPECT_EQ(count("script[id^=kdt-console]"), 100);
  constexpr double k_bound = 2000; // ms, of a reader's machine
  constexpr double k_slack = 5;    // of one that builds at the same time
  auto loaded = browser_->value("performance.getEntriesByType('navigation')[0].loadEventEnd");
  RecordProperty("load_milliseconds", loaded.dump());
  fmt::print("a page of 1,000 cells was loaded after {} ms\n", loaded.dump());
  EXPECT_LT(loaded.get<double>(), k_bound * k_slack);
  EXPECT_LE(count("table.cells tbody tr"), 100) << "no more than a reader looks at";
}

} // namespace
} // namespace kdt::report
