#include "matrix/expand.hpp"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(CoverPairs, AnExpensiveValueIsInNoMoreRowsThanItsPairsNeed) {
  std::vector<std::vector<unsigned>> rows;
  std::vector<double> costs;
  for (unsigned memory = 0; memory < 9; ++memory)
    for (unsigned kernel = 0; kernel < 2; ++kernel)
      for (unsigned rodata = 0; rodata < 3; ++rodata)
        for (unsigned form = 0; form < 6; ++form) {
          rows.push_back({kernel, memory, rodata, form});
          costs.push_back(memory == 8 ? 256 : 1 + memory);
        }
  auto kept = cover_pairs(rows, costs);
  auto of_memory = [&](unsigned memory) {
    return std::ranges::count_if(kept, [&](std::size_t row) { return rows[row][1] == memory; });
  };
  EXPECT_EQ(of_memory(8), 6); // one with each form
  EXPECT_EQ(of_memory(7), 6);
  EXPECT_EQ(kept.size(), 54U); // as many as there are pairs of memory and form
  auto of_kernel = std::ranges::count_if(kept, [&](std::size_t row) { return rows[row][0] == 1; });
  EXPECT_GT(of_kernel, 18); // a third at least: values that are as good come as often
  EXPECT_LT(of_kernel, 36);
}

TEST(CoverPairs, KeepsNoRowWhosePairsOthersHave) {
  // The greedy search takes the first row, which is the cheapest; the other three then cover each of its pairs again.
  std::vector<std::vector<unsigned>> rows{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
  EXPECT_EQ(cover_pairs(rows, {0, 1, 1, 1}), (std::vector<std::size_t>{1, 2, 3}));
}

} // namespace kdt::matrix
