#include "base/file.hpp"
#include "model/finding.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace kdt {
namespace {

bool is_a_code(std::string_view word) {
  return !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos &&
         word.front() != '-' && word.back() != '-';
}

TEST(FindingCode, EveryCodeIsLowerCaseWithDashesAndUnique) {
  std::set<std::string_view> seen;
  for (const auto& entry : finding_codes()) {
    EXPECT_TRUE(is_a_code(entry.code)) << entry.code;
    EXPECT_TRUE(seen.insert(entry.code).second) << entry.code << " stands twice";
  }
  EXPECT_FALSE(seen.empty());
}

TEST(FindingCode, EveryCodeSaysWhatItMeansWhyAndWhatToDo) {
  for (const auto& entry : finding_codes()) {
    EXPECT_FALSE(entry.meaning.empty()) << entry.code;
    EXPECT_FALSE(entry.causes.empty()) << entry.code;
    EXPECT_FALSE(entry.next.empty()) << entry.code;
    EXPECT_FALSE(entry.meaning.ends_with('.')) << entry.code << ": one sentence, the reports end it";
  }
}

/// Our sources beside the table itself and the tests, and the rules that name the finding of their breach.
std::string sources() {
  std::string text;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(KDT_SOURCE_DIR) / "harness")) {
    auto name = entry.path().filename().string();
    bool test = name.ends_with("_test.cpp") || name == "sample_run.cpp";
    if (name.ends_with(".cpp") && name != "finding.cpp" && !test) text += read_file(entry.path());
  }
  static const std::regex breach(R"(finding: ([a-z-]+))");
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(KDT_SOURCE_DIR) / "matrices")) {
    if (entry.path().extension() != ".yaml") continue;
    auto rules = read_file(entry.path());
    for (std::sregex_iterator it(rules.begin(), rules.end(), breach), end; it != end; ++it)
      text += fmt::format("\"{}\"\n", (*it)[1].str());
  }
  return text;
}

TEST(FindingCode, EveryFindingThatTheSourcesMakeHasAnEntry) {
  auto text = sources();
  static const std::regex made(R"((make_finding|tool_failure)\(\s*"([^"]*)\")");
  int count = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), made), end; it != end; ++it, ++count)
    EXPECT_NE(find_code((*it)[2].str()), nullptr) << (*it)[2] << ": say in finding.cpp what it means";
  EXPECT_GT(count, 10) << "the pattern no longer finds them";
}

TEST(FindingCode, EveryEntryIsOfAFindingThatTheSourcesMake) {
  auto text = sources();
  for (const auto& entry : finding_codes())
    EXPECT_NE(text.find(fmt::format("\"{}\"", entry.code)), std::string::npos)
        << entry.code << " is explained and not made";
}

TEST(FindingCode, IsFoundByItsWholeNameOnly) {
  const auto& first = finding_codes().front();
  EXPECT_EQ(find_code(first.code), &first);
  EXPECT_EQ(find_code(first.code.substr(1)), nullptr);
  EXPECT_EQ(find_code(""), nullptr);
  EXPECT_EQ(find_code("no-such-code"), nullptr);
}

TEST(Finding, TakesBlameAndPhaseFromItsCode) {
  auto finding = make_finding("panic-not-seen", "no panic within 20 s of sysrq-c", {"last console line"});
  EXPECT_EQ(finding.code, "panic-not-seen");
  EXPECT_EQ(finding.blame, Blame::kernel);
  EXPECT_EQ(finding.phase, Phase::trigger);
  EXPECT_EQ(finding.text, "no panic within 20 s of sysrq-c");
  EXPECT_EQ(finding.evidence, std::vector<std::string>{"last console line"});
}

TEST(FindingDeathTest, AnUnknownCodeIsOurOwnBug) {
  EXPECT_DEATH(make_finding("no-such-code", "text"), "known");
}

} // namespace
} // namespace kdt
