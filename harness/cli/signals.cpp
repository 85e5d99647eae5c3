#include "cli/signals.hpp"

#include "base/error.hpp"

#include <csignal>
#include <pthread.h>
#include <unistd.h>

namespace kdt::cli {

namespace {
/// SIGUSR2 is our own way to end the waiting thread.
sigset_t waited_for() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  return set;
}
} // namespace

Signals::Signals() {
  std::signal(SIGPIPE, SIG_IGN);
  auto set = waited_for();
  KDT_ASSERT(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  thread_ = std::jthread([this] { wait(); });
}

Signals::~Signals() {
  ::pthread_kill(thread_.native_handle(), SIGUSR2);
}

void Signals::wait() {
  auto set = waited_for();
  for (;;) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0) continue;
    if (signal == SIGUSR2) return;
    if (stop_.stop_requested()) ::_exit(130);
    constexpr std::string_view words = "\nkdt: ending the guests; press Ctrl-C again to leave at once\n";
    [[maybe_unused]] auto written = ::write(STDERR_FILENO, words.data(), words.size());
    stop_.request_stop();
  }
}

} // namespace kdt::cli
