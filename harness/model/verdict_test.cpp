#include "base/error.hpp"
#include "model/verdict.hpp"

#include <gtest/gtest.h>

#include <set>

namespace kdt {
namespace {

TEST(Verdict, EveryWordIsReadBack) {
  std::set<std::string_view> words;
  for (auto verdict : k_verdicts) {
    EXPECT_EQ(verdict_from(to_string(verdict)), verdict);
    words.insert(to_string(verdict));
  }
  EXPECT_EQ(words, (std::set<std::string_view>{"pass", "fail", "xfail", "xpass", "error", "skip"}));
}

TEST(Verdict, AnotherWordIsAUsageErrorThatQuotesIt) {
  try {
    verdict_from("PASS");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    EXPECT_STREQ(error.what(), "'PASS' is not a verdict");
  }
}

TEST(Verdict, OnlyPassXfailAndSkipAreAsExpected) {
  EXPECT_TRUE(expected(Verdict::pass));
  EXPECT_TRUE(expected(Verdict::xfail));
  EXPECT_TRUE(expected(Verdict::skip));
  EXPECT_FALSE(expected(Verdict::fail));
  EXPECT_FALSE(expected(Verdict::xpass));
  EXPECT_FALSE(expected(Verdict::error));
}

TEST(Phase, EveryWordIsReadBackInTheOrderOfACell) {
  std::vector<std::string_view> words;
  for (auto phase : k_phases) {
    EXPECT_EQ(phase_from(to_string(phase)), phase);
    words.push_back(to_string(phase));
  }
  EXPECT_EQ(words, (std::vector<std::string_view>{"prepare", "boot", "load", "probe", "trigger", "capture", "save",
                                                  "verify"}));
  EXPECT_THROW(phase_from("reboot"), Error);
}

} // namespace
} // namespace kdt
