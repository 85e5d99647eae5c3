#include "machine/libvirt_reaper.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <charconv>
#include <libvirt/libvirt.h>
#include <memory>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kdt::machine {

namespace {

constexpr std::size_t k_room = 4096; // for inotify events, with the longest of names

/// Both belong to libvirt's event loop, which frees them.
struct Watched {
  UniqueFd process;
};

struct Numbers {
  UniqueFd changes; ///< of inotify
  fs::path directory;
};

void on_end(int watch, int, int, void* opaque) {
  reap(static_cast<Watched*>(opaque)->process);
  ::virEventRemoveHandle(watch);
}

/// Until it ends, in libvirt's event thread.
void watch_process(int pid) {
  auto watched = std::make_unique<Watched>();
  watched->process = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!watched->process) return; // it has ended, and PID 1 or somebody has taken note
  auto release = [](void* opaque) { delete static_cast<Watched*>(opaque); };
  if (::virEventAddHandle(watched->process.get(), VIR_EVENT_HANDLE_READABLE, on_end, watched.get(), release) >= 0)
    static_cast<void>(watched.release());
}

void watch_number_in(const fs::path& file) {
  try {
    auto text = read_file(file);
    auto digits = trim(text);
    int pid = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), pid).ec == std::errc{} && pid > 0)
      watch_process(pid);
  } catch (const Error&) { // it has gone again, and with it the emulator
  }
}

void on_change(int, int, int, void* opaque) {
  auto& numbers = *static_cast<Numbers*>(opaque);
  alignas(inotify_event) char room[k_room];
  auto size = ::read(numbers.changes.get(), room, sizeof room);
  for (ssize_t at = 0; at < size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(room + at);
    auto file = numbers.directory / (event->len > 0 ? event->name : "");
    if (file.extension() == ".pid") watch_number_in(file);
    at += static_cast<ssize_t>(sizeof *event + event->len);
  }
}

} // namespace

LibvirtReaper::LibvirtReaper(const fs::path& directory) {
  auto numbers = std::make_unique<Numbers>();
  numbers->directory = directory;
  numbers->changes = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  // Written by the process that becomes the emulator, which then keeps the file open: it is closed only at the end.
  if (!numbers->changes || ::inotify_add_watch(numbers->changes.get(), directory.c_str(), IN_MODIFY) < 0) return;
  auto release = [](void* opaque) { delete static_cast<Numbers*>(opaque); };
  watch_ = ::virEventAddHandle(numbers->changes.get(), VIR_EVENT_HANDLE_READABLE, on_change, numbers.get(), release);
  if (watch_ < 0) return;
  static_cast<void>(numbers.release());
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

LibvirtReaper::~LibvirtReaper() {
  if (watch_ >= 0) ::virEventRemoveHandle(watch_);
}

void reap(const UniqueFd& process) {
  siginfo_t nobody{};
  ::waitid(P_PIDFD, static_cast<id_t>(process.get()), &nobody, WEXITED | WNOHANG);
}

} // namespace kdt::machine
