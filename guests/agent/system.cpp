#include "system.hpp"

#include "kdt/protocol.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <time.h>

namespace kdt::agent {

void fail(const std::string& act) {
  const int error = errno;
  throw Trouble(act + ": " + std::strerror(error));
}

Fd open_file(const std::string& path, int flags, unsigned mode) {
  Fd fd{open(path.c_str(), flags | O_CLOEXEC, mode)};
  if (!fd) fail("cannot open " + path);
  return fd;
}

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe");
  return {.out = Fd{ends[0]}, .in = Fd{ends[1]}};
}

bool exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

std::string kexec_file(const std::string& name) {
  const std::string newer = "/sys/kernel/kexec/" + name;
  return exists(newer) ? newer : "/sys/kernel/kexec_" + name;
}

std::string read_text(const std::string& path) {
  const Fd fd = open_file(path, O_RDONLY);
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot read " + path);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

std::string read_word(const std::string& path, const std::string& otherwise) {
  if (!exists(path)) return otherwise;
  std::string text = read_text(path);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void write_text(const std::string& path, std::string_view text) {
  const Fd fd = open_file(path, O_WRONLY);
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("cannot write to " + path);
}

void write_all(int fd, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("cannot write to " + what);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

bool clock_counts_from_1970() {
  constexpr time_t k_a_day = 86400;
  timespec now{};
  return clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec <= k_a_day;
}

void set_clock(std::uint64_t time) {
  const timespec now{.tv_sec = static_cast<time_t>(time), .tv_nsec = 0};
  clock_settime(CLOCK_REALTIME, &now);
}

double uptime() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string kernel_log() {
  constexpr int k_read_all = 3, k_size_of_ring = 10; // syslog(2)
  const int size = klogctl(k_size_of_ring, nullptr, 0);
  if (size < 0) fail("cannot ask for the size of the kernel log");
  std::string text(static_cast<std::size_t>(size), '\0');
  const int got = klogctl(k_read_all, text.data(), size);
  if (got < 0) fail("cannot read the kernel log");
  text.resize(static_cast<std::size_t>(got));
  return text;
}

void say(std::string_view line) {
  // Not std::string: also called from signal handlers.
  char text[512];
  const std::size_t size = std::min(line.size(), sizeof text - 1);
  std::memcpy(text, line.data(), size);
  text[size] = '\n';
  const int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
  const ssize_t put = write(fd >= 0 ? fd : STDERR_FILENO, text, size + 1);
  static_cast<void>(put);
  if (fd >= 0) close(fd);
}

void power_off() {
  sync();
  reboot(RB_POWER_OFF);
  for (;;) pause(); // PID 1 must not end, even where the machine has no way to switch off
}

void give_up(std::string_view why) {
  char text[512];
  const std::size_t head = protocol::marker::trouble.size();
  const std::size_t size = std::min(why.size(), sizeof text - head - 1);
  std::memcpy(text, protocol::marker::trouble.data(), head);
  text[head] = ' ';
  std::memcpy(text + head + 1, why.data(), size);
  say({text, head + 1 + size});
  power_off();
}

} // namespace kdt::agent
