#include "base/text.hpp"
#include "report/ktap.hpp"
#include "report/sample_run.hpp"
#include "testing/golden.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace kdt::report {
namespace {

using ::testing::HasSubstr;

const fs::path k_testdata{KDT_TESTDATA};

/// What is wrong with a document by the grammar of Documentation/dev-tools/ktap.rst, without nested tests and unknown
/// lines, of which we write none; "": nothing.
std::string ktap_errors(const std::string& text) {
  static const std::regex plan(R"(1\.\.(\d+))");
  static const std::regex diagnostic(R"(# .*)");
  static const std::regex result(R"((ok|not ok) (\d+)( [^#]+)?( # ?((SKIP|TO[D]O|XFAIL|TIMEOUT|ERROR)( |$))?.*)?)");
  auto lines = split(text, '\n');
  if (lines.size() < 3 || !lines.back().empty()) return "it does not end with a newline";
  lines.pop_back();
  if (lines[0] != "KTAP version 1") return "no version line";
  std::smatch match;
  if (!std::regex_match(lines[1], match, plan)) return "no plan";
  auto planned = std::stoul(match[1]);
  std::size_t number = 0;
  for (std::size_t i = 2; i < lines.size(); ++i) {
    if (std::regex_match(lines[i], diagnostic)) continue;
    if (!std::regex_match(lines[i], match, result)) return "not a line of KTAP: " + lines[i];
    if (std::stoul(match[2]) != ++number) return "out of order: " + lines[i];
    bool bad = match[1] == "not ok";
    if (!bad && (match[6] == "TIMEOUT" || match[6] == "ERROR")) return "ok in spite of " + match[6].str();
  }
  return number == planned ? "" : fmt::format("{} results for a plan of {}", number, planned);
}

RunResult hostile_run() {
  auto run = sample_run();
  run.cells = {hostile_cell(), hostile_cell()};
  run.cells[1].cell.id = "a#2 # SKIP\nok 3 forged";
  run.cells[1].findings[0].evidence.emplace_back("x\nok 4 forged");
  return run;
}

TEST(Ktap, LooksLikeItsGoldenFile) {
  kdt::testing::expect_golden(ktap(sample_run()), k_testdata / "run.ktap");
}

TEST(Ktap, FollowsItsGrammar) {
  EXPECT_EQ(ktap_errors(ktap(sample_run())), "");
  EXPECT_EQ(ktap_errors(ktap(hostile_run())), "");
  auto empty = sample_run();
  empty.cells.clear();
  EXPECT_EQ(ktap_errors(ktap(empty)), "");
}

TEST(Ktap, AnotherDocumentDoesNot) {
  auto good = ktap(sample_run());
  auto changed = [&](std::string_view from, std::string_view to) {
    auto bad = good;
    auto at = bad.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return bad.replace(at, from.size(), to);
  };
  EXPECT_NE(ktap_errors(changed("KTAP version 1\n", "")), "");
  EXPECT_NE(ktap_errors(changed("1..6", "1..7")), "");
  EXPECT_NE(ktap_errors(changed("ok 2 ", "ok 3 ")), "");
  EXPECT_NE(ktap_errors(changed("ok 1 ", "fine 1 ")), "");
  EXPECT_NE(ktap_errors(changed("not ok 5 ", "ok 5 ")), "") << "an ERROR is not ok";
}

TEST(Ktap, SaysEachVerdictInItsWords) {
  auto text = ktap(sample_run());
  EXPECT_THAT(text, HasSubstr("\nok 1 kernel=v6.1-dma/rodata=full\n"));
  EXPECT_THAT(text,
              HasSubstr("\nnot ok 2 kernel=v6.1-dma/rodata=on # kernel capture-timeout: the capture kernel did not"));
  EXPECT_THAT(text, HasSubstr("\nok 3 kernel=v6.1-dma/rodata=off # XFAIL no-kallsyms-all: the dump tool"));
  EXPECT_THAT(text, HasSubstr("\nnot ok 4 kernel=v6.1-nodma/rodata=full # known issue 'va-bits-52' did not show"));
  EXPECT_THAT(text, HasSubstr("\nnot ok 5 kernel=v6.1-nodma/rodata=on # ERROR infra guest-lost: QEMU ended"));
  EXPECT_THAT(text, HasSubstr("\nok 6 kernel=v6.1-nodma/rodata=off # SKIP the guest takes about"));
}

TEST(Ktap, AGuestForgesNoResults) {
  auto text = ktap(hostile_run());
  EXPECT_THAT(text, HasSubstr("\nnot ok 2 a%232 %23 SKIP ok 3 forged # "));
  EXPECT_EQ(text, printable(text));
}

} // namespace
} // namespace kdt::report
