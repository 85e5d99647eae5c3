#include "base/error.hpp"
#include "base/file.hpp"
#include "base/proc_stat.hpp"

#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/wait.h>
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

TEST(ChildrenOf, AreThereUntilTheyAreTakenNoteOf) {
  if (!fs::exists("/proc/thread-self/children")) GTEST_SKIP() << "this kernel does not list children";
  auto pid = ::fork();
  if (pid == 0) ::_exit(0);
  EXPECT_EQ(children_of(::getpid()), std::vector{pid}); // one that has ended, or will soon
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_TRUE(children_of(::getpid()).empty());
  EXPECT_TRUE(children_of(0).empty());
}

} // namespace kdt
