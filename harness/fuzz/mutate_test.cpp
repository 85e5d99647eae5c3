#include "fuzz/mutate.hpp"

#include <gtest/gtest.h>

#include <set>

namespace kdt::fuzz {

TEST(Mutator, TheSameSeedGivesTheSameInputs) {
  const std::vector<std::string> inputs{"\1hello world", "\2another"};
  Mutator one(7), same(7), other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    auto input = one.next(inputs);
    EXPECT_EQ(input, same.next(inputs));
    differs |= input != other.next(inputs);
  }
  EXPECT_TRUE(differs);
}

TEST(Mutator, KeepsTheParserAndChangesTheRest) {
  const std::vector<std::string> inputs{"\1hello world, this is an input"};
  Mutator mutator(1, 64);
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) {
    auto input = mutator.next(inputs);
    ASSERT_FALSE(input.empty());
    EXPECT_EQ(input[0], '\1');
    EXPECT_LE(input.size(), 64u);
    seen.insert(std::move(input));
  }
  EXPECT_GT(seen.size(), 400u);
}

TEST(Mutator, SurvivesAnInputOfOneByte) {
  Mutator mutator(1);
  EXPECT_EQ(mutator.next({"\3"}), "\3");
}

} // namespace kdt::fuzz
