#include "bench/spread.hpp"

#include <gtest/gtest.h>

namespace kdt::bench {

TEST(Spread, HasTheMedianAndBothEnds) {
  auto odd = spread_of({3, 1, 2});
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.least, 1);
  EXPECT_EQ(odd.most, 3);
  EXPECT_EQ(odd.count, 3U);
  EXPECT_EQ(spread_of({4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(spread_of({}).count, 0U);
}

TEST(Spread, RatiosAreTakenRoundByRound) {
  EXPECT_EQ(ratios({2, 30, 5}, {1, 10}), (std::vector<double>{2, 3}));
}

TEST(Spread, IsSaidWithItsEnds) {
  EXPECT_EQ(in_words(spread_of({1.5, 1, 4})), "1.50 (1.00 to 4.00, n=3)");
  EXPECT_EQ(in_words(spread_of({1.5})), "1.50 (n=1)");
}

} // namespace kdt::bench
