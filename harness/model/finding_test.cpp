#include "model/finding.hpp"

#include <gtest/gtest.h>

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
