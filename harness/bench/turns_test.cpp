#include "bench/turns.hpp"

#include <gtest/gtest.h>

namespace kdt::bench {

TEST(Turns, EachIsFirstOnceAndRunsOnceARound) {
  std::string order;
  auto turn = [&](char name) { return [&order, name] { order += name; }; };
  take_turns("a test", 4, {turn('a'), turn('b'), turn('c')});
  EXPECT_EQ(order, "abcbcacababc");
}

TEST(Turns, SayWhichRoundItIs) {
  testing::internal::CaptureStderr();
  take_turns("cells", 2, {});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "kdt-bench: cells, round 1 of 2\nkdt-bench: cells, round 2 of 2\n");
}

} // namespace kdt::bench
