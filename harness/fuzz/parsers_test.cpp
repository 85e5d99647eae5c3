#include "fuzz/mutate.hpp"
#include "fuzz/parsers.hpp"

#include <gtest/gtest.h>

namespace kdt::fuzz {

TEST(Parsers, UnderstandTheirSeeds) {
  for (const auto& parser : parsers())
    for (const auto& seed : parser.seeds()) EXPECT_TRUE(parser.feed(seed)) << parser.name;
}

TEST(Parsers, RefuseWhatIsNothing) {
  for (const auto& parser : parsers()) {
    EXPECT_FALSE(parser.feed("")) << parser.name;
    EXPECT_FALSE(parser.feed(std::string(5000, '\xfe'))) << parser.name;
  }
  EXPECT_FALSE(feed_any(""));
}

TEST(Parsers, SurviveMutations) {
  constexpr int k_rounds = 3000;
  Mutator mutator(1);
  const auto seeds = all_seeds();
  for (int round = 0; round < k_rounds; ++round) feed_any(mutator.next(seeds));
}

} // namespace kdt::fuzz
