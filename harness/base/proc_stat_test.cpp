#include "base/error.hpp"
#include "base/proc_stat.hpp"

#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <unistd.h>

namespace kdt {

TEST(ProcStat, CountsBehindANameThatLooksLikeFields) {
  char before[16] = {};
  ASSERT_EQ(::prctl(PR_GET_NAME, before), 0);
  ASSERT_EQ(::prctl(PR_SET_NAME, "a) R 1 (b"), 0);
  auto fields = proc_stat(::getpid());
  ASSERT_EQ(::prctl(PR_SET_NAME, before), 0);
  EXPECT_EQ(fields.at(proc_stat_index(3)), "R");
  EXPECT_EQ(fields.at(proc_stat_index(4)), std::to_string(::getppid()));
}

TEST(ProcStat, OfNobodyIsAnError) {
  EXPECT_THROW(proc_stat(0), Error);
}

} // namespace kdt
