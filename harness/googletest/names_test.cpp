#include "googletest/names.hpp"

#include <gtest/gtest.h>

namespace kdt::googletest {

namespace {

TEST(TestNames, HoldNothingThatAFilterWouldMisread) {
  auto names = test_names({"kernel=v6.1-dma/crashkernel=512M,high/memory=2G", "cmdline=a*b?c:d"}, "my-matrix.v2");
  EXPECT_EQ(names[0], (TestName{"my_matrix_v2", "kernel=v6.1_dma/crashkernel=512M,high/memory=2G"}));
  EXPECT_EQ(names[1], (TestName{"my_matrix_v2", "cmdline=a_b_c_d"}));
}

TEST(TestNames, CellsOfSeveralMatricesAreInSuitesOfTheirs) {
  EXPECT_EQ(test_names({"arm64:kernel=a"}, "nightly")[0], (TestName{"arm64", "kernel=a"}));
  EXPECT_EQ(test_names({"cmdline=a:b"}, "nightly")[0], (TestName{"nightly", "cmdline=a_b"}));
}

TEST(TestNames, AreAllDifferent) {
  auto names = test_names({"kernel=a-b", "kernel=a_b", "kernel=a b"}, "m");
  EXPECT_EQ(names[0].test, "kernel=a_b");
  EXPECT_EQ(names[1].test, "kernel=a_b_2");
  EXPECT_EQ(names[2].test, "kernel=a_b_3");
}

} // namespace
} // namespace kdt::googletest
