#include "base/text.hpp"
#include "console/pattern_index.hpp"

#include <gtest/gtest.h>

namespace kdt::console {

namespace {

/// What an index without any cleverness would say.
std::optional<std::size_t> first_match(const std::vector<std::string_view>& patterns, std::string_view line) {
  for (std::size_t i = 0; i < patterns.size(); ++i)
    if (glob_matches(patterns[i], line)) return i;
  return std::nullopt;
}

PatternIndex index_of(const std::vector<std::string_view>& patterns) {
  PatternIndex index;
  for (std::size_t i = 0; i < patterns.size(); ++i) index.add(patterns[i], i);
  return index;
}

} // namespace

TEST(PatternIndex, SaysWhatTryingEveryPatternInTurnWouldSay) {
  const std::vector<std::string_view> patterns{"BUG: soft *", "* oom-killer: *", "BUG: *", "?pu * lost", "*: Can't *",
                                               "exact",       "CPU*: failed",    "*",      "CPU*"};
  auto index = index_of(patterns);
  for (const char* line : {"BUG: soft lockup", "BUG: a oom-killer: b", "BUG: hard", "a oom-killer: ", "cpu 3 lost",
                           "x: Can't y", "exact", "exactly", "CPU3: failed", "CPU3: failed twice", "", "innocent"})
    EXPECT_EQ(index.lowest(line), first_match(patterns, line)) << line;
}

TEST(PatternIndex, APatternWithAWildcardInFrontOutranksOneWithAPrefix) {
  EXPECT_EQ(index_of({"* x", "a*"}).lowest("a x"), 0U);
  EXPECT_EQ(index_of({"a*", "* x"}).lowest("a x"), 0U);
  EXPECT_EQ(index_of({"b*", "a*", "* x"}).lowest("a x"), 1U);
}

TEST(PatternIndex, FindsNothingWhereNothingMatches) {
  auto index = index_of({"a*b", "*c*d"});
  EXPECT_EQ(index.lowest("a"), std::nullopt);
  EXPECT_EQ(index.lowest("dc"), std::nullopt);
  EXPECT_EQ(index.lowest("\xff"), std::nullopt);
  EXPECT_EQ(index.lowest("\xff c d"), 1U);
  EXPECT_EQ(PatternIndex().lowest("a"), std::nullopt);
}

} // namespace kdt::console
