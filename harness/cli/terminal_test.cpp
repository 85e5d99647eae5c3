#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "cli/terminal.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <sys/ioctl.h>
#include <unistd.h>

namespace kdt::cli {
namespace {

/// A terminal of our own: the end that programs write to.
class TerminalOfOurOwn : public ::testing::Test {
protected:
  void SetUp() override {
    ours_ = UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (ours_.get() < 0 || ::grantpt(ours_.get()) != 0 || ::unlockpt(ours_.get()) != 0)
      GTEST_SKIP() << "no pseudo terminals here: " << errno_text(errno);
    theirs_ = UniqueFd(::open(::ptsname(ours_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (theirs_.get() < 0) GTEST_SKIP() << "no pseudo terminals here: " << errno_text(errno);
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
  }
  int fd() const { return theirs_.get(); }

  /// What the action writes to standard error and standard output, which are this terminal meanwhile.
  std::string shown(const std::function<void()>& action) {
    UniqueFd error(::dup(STDERR_FILENO)), output(::dup(STDOUT_FILENO));
    std::fflush(stdout); // what gtest has said
    ::dup2(fd(), STDERR_FILENO);
    ::dup2(fd(), STDOUT_FILENO);
    action();
    ::dup2(error.get(), STDERR_FILENO);
    ::dup2(output.get(), STDOUT_FILENO);
    ::fcntl(ours_.get(), F_SETFL, O_NONBLOCK);
    std::string all;
    char bytes[4096];
    for (ssize_t n = 0; (n = ::read(ours_.get(), bytes, sizeof bytes)) > 0;) all.append(bytes, bytes + n);
    return all;
  }

private:
  UniqueFd ours_;
  UniqueFd theirs_;
};

TEST_F(TerminalOfOurOwn, IsLiveAndColouredUnlessItSaysOtherwise) {
  EXPECT_TRUE(live_wanted(fd()));
  EXPECT_TRUE(colour_wanted(fd()));
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_TRUE(live_wanted(fd()));
  EXPECT_FALSE(colour_wanted(fd()));
  ::setenv("NO_COLOR", "", 1); // empty is not set (no-color.org)
  EXPECT_TRUE(colour_wanted(fd()));
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(live_wanted(fd()));
  EXPECT_FALSE(colour_wanted(fd()));
}

TEST_F(TerminalOfOurOwn, TellsItsSizeAfterEachResize) {
  EXPECT_FALSE(terminal_size(fd())) << "nobody has set one";
  for (unsigned short columns : {100, 40}) {
    winsize size{.ws_row = 30, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(::ioctl(fd(), TIOCSWINSZ, &size), 0);
    auto seen = terminal_size(fd());
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->columns, columns);
    EXPECT_EQ(seen->rows, 30U);
  }
}

TEST_F(TerminalOfOurOwn, SaysALineAboveWhatIsDrawnAgain) {
  auto bytes = shown([] {
    Terminal terminal(1);
    Cell cell;
    cell.id = "rodata=on";
    terminal.cell_started(cell, {.done = 0, .total = 1, .left = {}});
    terminal.say("the guest waits for: gdb");
  });
  auto line = bytes.find("kdt: the guest waits for: gdb\r\n");
  ASSERT_NE(line, std::string::npos) << bytes;
  EXPECT_TRUE(bytes.substr(0, line).ends_with("\x1b[A\x1b[2K")) << "what was drawn is gone before";
  EXPECT_NE(bytes.find("rodata=on", line), std::string::npos) << "and comes back below";
}

TEST_F(TerminalOfOurOwn, ACellThatEndedStaysWithItsCause) {
  auto bytes = shown([] {
    Terminal terminal(2);
    CellResult red;
    red.cell.id = "rodata=\x1b[2Jon";
    red.verdict = Verdict::fail;
    red.blame = Blame::kernel;
    red.seconds = Seconds(4.5);
    red.findings = {make_finding("capture-timeout", "it stood still")};
    terminal.cell_started(red.cell, {.done = 0, .total = 2, .left = {}});
    terminal.cell_ended(red, {.done = 1, .total = 2, .left = {}});
  });
  auto line = bytes.find("fail ");
  ASSERT_NE(line, std::string::npos) << bytes;
  EXPECT_TRUE(bytes.substr(0, line).ends_with("m")) << "in colour";
  EXPECT_NE(bytes.find(" 4.50 s  rodata=\\x1b[2Jon\r\n      capture, blame kernel: it stood still\r\n", line),
            std::string::npos)
      << bytes;
  EXPECT_NE(bytes.find("1/2 cells, 1 red", line), std::string::npos) << "what is still to come is drawn below";
  EXPECT_EQ(bytes.find("rodata=", bytes.find("1/2 cells", line)), std::string::npos) << "and that it runs no more";
}

TEST_F(TerminalOfOurOwn, WithoutLiveLinesACellThatBeginsIsALineThatCannotDriveTheTerminal) {
  ::setenv("TERM", "dumb", 1);
  auto bytes = shown([] {
    Terminal terminal(1);
    Cell cell;
    cell.id = "rodata=\x1b[2Jon";
    terminal.cell_started(cell, {.done = 0, .total = 1, .left = {}});
  });
  EXPECT_EQ(bytes, "kdt: rodata=\\x1b[2Jon begins\r\n");
}

TEST_F(TerminalOfOurOwn, ARemarkOfTheCacheIsALineThatStaysAndNoStep) {
  auto bytes = shown([] {
    Terminal terminal(1);
    image::Progress remark;
    remark.what = "removing what was left";
    remark.remark = true;
    terminal.image_progress(remark);
  });
  auto line = bytes.find("kdt: removing what was left\r\n");
  ASSERT_NE(line, std::string::npos) << bytes;
  EXPECT_EQ(bytes.find("removing", line + 6), std::string::npos) << "nobody waits for it";
}

TEST(NoTerminal, IsNeitherLiveNorColouredAndHasNoSize) {
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_FALSE(live_wanted(null.get()));
  EXPECT_FALSE(colour_wanted(null.get()));
  EXPECT_FALSE(terminal_size(null.get()));
}

} // namespace
} // namespace kdt::cli
