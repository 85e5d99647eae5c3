#include "base/deadline.hpp"
#include "base/error.hpp"
#include "cli/raw_terminal.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace kdt::cli {
namespace {

class RawTerminalTest : public ::testing::Test {
protected:
  void SetUp() override {
    ours_ = UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (ours_.get() < 0 || ::grantpt(ours_.get()) != 0 || ::unlockpt(ours_.get()) != 0)
      GTEST_SKIP() << "no pseudo terminals here: " << errno_text(errno);
    theirs_ = UniqueFd(::open(::ptsname(ours_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (theirs_.get() < 0) GTEST_SKIP() << "no pseudo terminals here: " << errno_text(errno);
    before_ = modes();
    ASSERT_TRUE((before_.c_lflag & ICANON) != 0);
  }
  termios modes() const {
    termios now{};
    EXPECT_EQ(::tcgetattr(theirs_.get(), &now), 0);
    return now;
  }
  bool raw() const { return (modes().c_lflag & (ICANON | ECHO | ISIG)) == 0; }
  bool as_before() const {
    auto now = modes();
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag;
  }

  UniqueFd ours_, theirs_;
  termios before_{};
};

TEST_F(RawTerminalTest, IsRawUntilItsEnd) {
  {
    RawTerminal terminal(theirs_.get());
    EXPECT_TRUE(raw());
    EXPECT_TRUE((modes().c_oflag & OPOST) != 0);
  }
  EXPECT_TRUE(as_before());
}

TEST_F(RawTerminalTest, IsPutRightWhenTheProcessIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  int child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    RawTerminal terminal(theirs_.get());
    ::raise(SIGKILL);
  }
  theirs.reset();
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  char none = 0;
  EXPECT_EQ(::read(ours.get(), &none, 1), 0) << "the guard holds nothing of the process open";
  auto deadline = Deadline::after(std::chrono::minutes(2)); // nobody tells when the guard has done it
  while (!as_before() && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(as_before());
}

TEST(RawTerminalOfNoTerminal, LeavesItAlone) {
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  RawTerminal terminal(null.get());
}

} // namespace
} // namespace kdt::cli
