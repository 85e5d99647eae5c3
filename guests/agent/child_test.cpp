#include "child.hpp"
#include "system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <sys/wait.h>

namespace kdt::agent {
namespace {

TEST(RunChild, TellsWhatItSaidAndHowItEnded) {
  std::string heard;
  const auto end = run_child({"sh", "-c", "echo $WORD; exit 3"}, -1, [&](std::string_view piece) { heard += piece; },
                             {"WORD=hello"});
  EXPECT_EQ(end.exit_status, 3);
  EXPECT_EQ(end.output, "hello\n");
  EXPECT_EQ(heard, "hello\n");
  EXPECT_EQ(run_child({"sh", "-c", "kill -9 $$"}).exit_status, 128 + 9);
  EXPECT_THROW(run_child({"no-such-program"}), Trouble);
}

TEST(RunChild, LeavesNoProgramBehindWhenNobodyListensAnyMore) {
  const auto deaf = [](std::string_view) { throw Trouble("cannot write to the agent port"); };
  EXPECT_THROW(run_child({"sh", "-c", "echo hello; exec sleep 1000"}, -1, deaf), Trouble);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

} // namespace
} // namespace kdt::agent
