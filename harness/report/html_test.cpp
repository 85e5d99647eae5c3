#include "report/html.hpp"
#include "report/sample_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

RunResult hostile_run() {
  auto run = sample_run();
  run.matrix = "</title><script>alert(1)</script>&.yaml";
  run.cells.push_back(hostile_cell());
  return run;
}

/// The content of a script element of JSON, as a browser finds it: up to the first "</script".
std::string island(const std::string& page, const std::string& id) {
  auto mark = fmt::format("<script type=\"application/json\" id=\"{}\">", id);
  auto at = page.find(mark);
  if (at == std::string::npos) return "";
  at += mark.size();
  return page.substr(at, page.find("</script", at) - at);
}

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t times = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) ++times;
  return times;
}

TEST(Html, IsOneFileWithoutTheNetwork) {
  auto page = report_html(sample_run());
  EXPECT_THAT(page, Not(HasSubstr("{{")));
  EXPECT_THAT(page, Not(HasSubstr(" src=")));
  EXPECT_THAT(page, Not(HasSubstr("<link")));
  EXPECT_THAT(page, Not(HasSubstr("innerHTML")));
  EXPECT_THAT(page, HasSubstr("default-src 'none'; script-src 'sha256-"));
}

TEST(Html, HoldsEveryCellAsJson) {
  auto run = hostile_run();
  auto page = report_html(run);
  auto overview = Json::parse(island(page, "kdt-overview"));
  ASSERT_EQ(overview["cells"].size(), run.cells.size());
  EXPECT_EQ(overview["cells"][1]["code"], "capture-timeout");
  EXPECT_EQ(overview["cells"][1]["phase"], "capture");
  EXPECT_EQ(overview["cells"][1]["blame"], "kernel");
  for (std::size_t i = 0; i < run.cells.size(); ++i)
    EXPECT_TRUE(Json::parse(island(page, fmt::format("kdt-cell-{}", i))).contains("phases")) << i;
}

TEST(Html, SaysTheTextsOfARuleOnce) {
  auto page = report_html(sample_run());
  EXPECT_EQ(count(page, "makes the pages of the loaded segments invalid"), 1U);
  auto cell = Json::parse(island(page, "kdt-cell-1"));
  EXPECT_EQ(cell["expected"][0], (Json{"probe.segments", "faults", nullptr, false, 0}));
  auto rules = Json::parse(island(page, "kdt-overview"))["rules"];
  EXPECT_EQ(rules[0][2], "arch/arm64/kernel/machine_kexec.c");
}

TEST(Html, ExplainsEveryCode) {
  auto overview = Json::parse(island(report_html(sample_run()), "kdt-overview"));
  for (const auto& code : finding_codes()) EXPECT_TRUE(overview["explain"]["codes"].contains(code.code)) << code.code;
}

TEST(Html, NothingOfAGuestIsMarkup) {
  auto good = report_html(sample_run());
  auto page = report_html(hostile_run());
  EXPECT_EQ(count(page, "<script"), count(good, "<script") + 1); // the island of one more cell
  EXPECT_EQ(count(page, "</script"), count(good, "</script") + 1);
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, Not(HasSubstr("<oops>")));
  EXPECT_THAT(page, HasSubstr("<title>"));
  for (char c : page) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << static_cast<int>(c);
}

TEST(Html, AnIslandEscapesWhatEndsAScriptOrALine) {
  EXPECT_EQ(island_text(R"({"a":"</script><!--"})"), R"({"a":"\u003c/script>\u003c!--"})");
  EXPECT_EQ(island_text("\xe2\x80\xa8|\xe2\x80\xa9|\xe2\x80\xa6|\xe2\x80"), "\\u2028|\\u2029|\xe2\x80\xa6|\xe2\x80");
}

class HtmlOfADirectory : public ::testing::Test {
protected:
  void write_console(const CellResult& cell, const std::string& word) {
    auto directory = directory_.path() / "cells" / cell.cell.slug;
    make_directories(directory / "post-mortem");
    write_file(directory / "events.jsonl", fmt::format(R"({{"t":1.5,"type":"console","line":"{}"}})", word) + "\n");
    write_file(directory / "post-mortem/summary.txt", word + " stood");
  }
  TempDir directory_{"kdt-html"};
};

TEST_F(HtmlOfADirectory, HoldsConsolesAndPostMortems) {
  auto run = sample_run();
  write_console(run.cells[1], "</script><img src=x>");
  auto page = report_html(run, {.directory = directory_.path()});
  EXPECT_EQ(Json::parse(island(page, "kdt-console-1"))["lines"][0][1], "</script><img src=x>");
  EXPECT_EQ(Json::parse(island(page, "kdt-cell-1"))["post_mortem"], "</script><img src=x> stood");
  EXPECT_EQ(island(page, "kdt-console-0"), "");
  EXPECT_THAT(page, Not(HasSubstr("<img")));
}

TEST_F(HtmlOfADirectory, NamesTheFilesThatTellSomething) {
  auto run = sample_run();
  auto& cell = run.cells[4];
  cell.artifacts = {{"emulator_log", "qemu.stderr"}, {"emulator_arguments", "qemu.args"}, {"vmcore", "vmcore"}};
  auto directory = directory_.path() / "cells" / cell.cell.slug;
  make_directories(directory);
  write_file(directory / "qemu.stderr", "");
  write_file(directory / "qemu.args", "-M virt");
  write_file(directory / "cell.json", "{}");
  auto detail = Json::parse(island(report_html(run, {.directory = directory_.path()}), "kdt-cell-4"));
  EXPECT_EQ(detail["empty"], Json{"emulator_log"});
  EXPECT_EQ(detail["artifacts"],
            Json::parse(R"({"emulator_arguments": "qemu.args", "vmcore": "vmcore", "result": "cell.json"})"))
      << "what is elsewhere is still named";
}

TEST(Html, SaysValuesInTheMatrixsWords) {
  auto run = sample_run();
  run.cells[1].cell.parameters.cmdline = "loglevel=0 a+b";
  run.cells[1].cell.axes = {{"kernel", "v6.1-dma"}, {"cmdline", "loglevel=0+a+b"}};
  auto overview = Json::parse(island(report_html(run), "kdt-overview"));
  EXPECT_EQ(overview["cells"][1]["words"], (Json{{"cmdline", "loglevel=0 a+b"}}));
  EXPECT_FALSE(overview["cells"][0].contains("words"));
}

TEST_F(HtmlOfADirectory, KeepsTheConsolesOfRedCellsWhenThereIsNoRoomForAll) {
  auto run = sample_run();
  for (const auto& cell : run.cells) write_console(cell, "a line");
  auto page = report_html(run, {.directory = directory_.path(), .console_bytes = 150});
  EXPECT_EQ(island(page, "kdt-console-0"), "") << "a pass";
  for (int red : {1, 3, 4}) EXPECT_NE(island(page, fmt::format("kdt-console-{}", red)), "") << red;
  auto overview = Json::parse(island(page, "kdt-overview"));
  EXPECT_EQ(overview["cells"][0]["console"], false);
  EXPECT_EQ(overview["cells"][1]["console"], true);
}

TEST(Html, HoldsTheBaseline) {
  auto run = sample_run();
  auto before = sample_run();
  before.cells[1].verdict = Verdict::pass;
  EXPECT_TRUE(Json::parse(island(report_html(run), "kdt-overview"))["baseline"].is_null());
  auto overview = Json::parse(island(report_html(run, {.baseline = &before}), "kdt-overview"));
  EXPECT_EQ(overview["baseline"]["cells"][run.cells[1].cell.id]["verdict"], "pass");
}

} // namespace
} // namespace kdt::report
