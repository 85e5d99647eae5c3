#include "matrix/expand.hpp"

#include <gtest/gtest.h>

namespace kdt::matrix {

TEST(CoverPairs, KeepsEveryRowOfASingleAxisAndNothingOfNothing) {
  EXPECT_EQ(cover_pairs({{0}, {1}, {2}}), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(cover_pairs({}).empty());
}

TEST(CoverPairs, DropsRowsThatAddNothing) {
  std::vector<std::vector<unsigned>> rows;
  for (unsigned a = 0; a < 2; ++a)
    for (unsigned b = 0; b < 2; ++b)
      for (unsigned c = 0; c < 2; ++c) rows.push_back({a, b, c});
  auto kept = cover_pairs(rows);
  EXPECT_GE(kept.size(), 4U);
  EXPECT_LT(kept.size(), 8U);
  EXPECT_EQ(cover_pairs(rows), kept);
}

} // namespace kdt::matrix
