#include "machine/emulator_process.hpp"

#include "base/error.hpp"
#include "machine/libvirt_reaper.hpp"

#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <set>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kdt::machine {

namespace {

constexpr int k_end_milliseconds = 2000;

struct Registry {
  std::mutex mutex;
  std::multiset<int> pids;
};

Registry& registry() {
  static Registry registry;
  return registry;
}

} // namespace

EmulatorProcess::EmulatorProcess(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    throw Error(Blame::infra, "cannot tell whose socket the guest's console is: {}", errno_text(errno));
  pid_ = peer.pid;
  handle_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!handle_) throw Error(Blame::infra, "cannot watch process {}: {}", pid_, errno_text(errno));
  std::scoped_lock lock(registry().mutex);
  registry().pids.insert(pid_);
}

EmulatorProcess::~EmulatorProcess() {
  std::scoped_lock lock(registry().mutex);
  registry().pids.erase(registry().pids.find(pid_));
}

void EmulatorProcess::offer_to_oom_killer() const {
  UniqueFd file(::open(fmt::format("/proc/{}/oom_score_adj", pid_).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return;
  [[maybe_unused]] auto written = ::write(file.get(), "500", 3); // as base/process.cpp does for a child
}

bool EmulatorProcess::kill() const {
  if (::syscall(SYS_pidfd_send_signal, handle_.get(), SIGKILL, nullptr, 0) != 0) return errno == ESRCH;
  pollfd wait{.fd = handle_.get(), .events = POLLIN, .revents = 0};
  bool ended = ::poll(&wait, 1, k_end_milliseconds) == 1;
  reap(handle_); // before libvirt looks
  return ended;
}

std::vector<int> emulators_of_libvirt() {
  std::scoped_lock lock(registry().mutex);
  return {registry().pids.begin(), registry().pids.end()};
}

} // namespace kdt::machine
