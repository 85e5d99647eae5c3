#include "base/deadline.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/proc_stat.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/libvirt_reaper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace kdt::machine {

namespace {

/// As libvirt starts an emulator: a grandchild, whose number is in a file that stays open.
int start_daemon(const fs::path& number) {
  int between = ::fork();
  if (between == 0) {
    if (::fork() != 0) ::_exit(0);
    UniqueFd file(::open(number.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    auto text = std::to_string(::getpid());
    if (::write(file.get(), text.data(), text.size()) < 0) ::_exit(1);
    for (;;) ::pause();
  }
  ::waitpid(between, nullptr, 0);
  auto deadline = Deadline::after(std::chrono::seconds(30));
  while (!deadline.passed() && (!fs::exists(number) || fs::is_empty(number))) std::this_thread::yield();
  return std::stoi(read_file(number));
}

/// State and parent, of /proc/PID/stat; empty when it is gone.
std::string state_of(int pid) {
  try {
    auto fields = proc_stat(pid);
    return fmt::format("{} {}", fields.at(proc_stat_index(3)), fields.at(proc_stat_index(4)));
  } catch (const Error&) {
    return "";
  }
}

} // namespace

TEST(LibvirtReaper, TakesNoteOfADaemonThatEnded) {
  LibvirtConnection with_event_thread(libvirt_uri("test:///default"), {});
  TempDir place("kdt-test");
  LibvirtReaper reaper(place.path());
  int pid = start_daemon(place.path() / "guest.pid");
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ASSERT_TRUE(process);
  EXPECT_EQ(state_of(pid).substr(2), std::to_string(::getpid())) << "it was not adopted";
  ::kill(pid, SIGKILL);
  siginfo_t ended{};
  auto deadline = Deadline::after(std::chrono::seconds(30));
  while (!state_of(pid).empty() && !deadline.passed()) std::this_thread::yield();
  EXPECT_EQ(state_of(pid), "");
  EXPECT_EQ(::waitid(P_PIDFD, static_cast<id_t>(process.get()), &ended, WEXITED | WNOHANG), -1);
}

TEST(LibvirtReaper, ReapsWhatHasEndedAndNothingElse) {
  int pid = ::fork();
  if (pid == 0)
    for (;;) ::pause();
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  reap(process);
  EXPECT_EQ(::kill(pid, 0), 0) << "it had not ended";
  ::kill(pid, SIGKILL);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PIDFD, static_cast<id_t>(process.get()), &ended, WEXITED | WNOWAIT), 0);
  reap(process);
  EXPECT_EQ(state_of(pid), "");
}

} // namespace kdt::machine
