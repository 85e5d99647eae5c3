#include "base/error.hpp"

#include <gtest/gtest.h>

namespace kdt {

TEST(Error, CarriesItsBlameAndOneFormattedSentence) {
  Error error(Blame::infra, "QMP socket {}: {}", "x", "refused");
  EXPECT_EQ(error.blame(), Blame::infra);
  EXPECT_STREQ(error.what(), "QMP socket x: refused");
}

TEST(Blame, WordsGoBothWays) {
  for (auto blame : {Blame::kernel, Blame::tool, Blame::infra, Blame::usage})
    EXPECT_EQ(blame_from(to_string(blame)), blame);
  EXPECT_THROW(blame_from("nobody"), Error);
}

TEST(AssertDeathTest, AbortsWithTheExpression) {
  EXPECT_DEATH(KDT_ASSERT(1 + 1 == 3), "1 \\+ 1 == 3 does not hold");
}

} // namespace kdt
