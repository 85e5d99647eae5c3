#include "cli/raw_terminal.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kdt::cli {

namespace {

/// In a process of its own, after fork() in a program with threads: nothing but system calls.
[[noreturn]] void guard(int alive, int fd, const termios& before) {
  // Whatever else this process holds would seem to be still open: it keeps the terminal as 0 and the pipe as 1.
  ::dup2(fd, 0);
  ::dup2(alive, 1);
  ::close_range(2, ~0U, 0);
  ::setsid(); // out of reach of a kill of the whole group; and no job of this terminal, which may not change it
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  char none = 0;
  while (::read(1, &none, 1) < 0 && errno == EINTR) continue;
  ::tcsetattr(0, TCSANOW, &before);
  ::_exit(0);
}

} // namespace

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  termios now{};
  if (::tcgetattr(fd_, &now) != 0) return;
  before_ = now;
  start_guard();
  ::cfmakeraw(&now);
  now.c_oflag |= OPOST; // kdt's own lines end with \n alone
  ::tcsetattr(fd_, TCSANOW, &now);
}

void RawTerminal::start_guard() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return; // then only SIGKILL would leave the terminal raw
  UniqueFd theirs(ends[0]);
  alive_ = UniqueFd(ends[1]);
  auto before = *before_;
  guard_ = ::fork();
  if (guard_ == 0) guard(ends[0], fd_, before);
}

RawTerminal::~RawTerminal() {
  if (!before_) return;
  ::tcsetattr(fd_, TCSANOW, &*before_);
  alive_.reset();
  while (guard_ > 0 && ::waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) continue;
}

} // namespace kdt::cli
