#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace kdt::agent {

/// What the agent could not do: names the object, the act and the cause. Becomes the `error` of an ask.
struct Trouble : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A Trouble that ends in the text of errno.
[[noreturn]] void fail(const std::string& act);

/// Owns a file descriptor.
class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

/// Opens, close-on-exec; throws Trouble.
Fd open_file(const std::string& path, int flags, unsigned mode = 0600);

struct Pipe {
  Fd out; // is read from
  Fd in;  // is written to
};
/// Both ends close-on-exec; throws Trouble.
Pipe make_pipe();

bool exists(const std::string& path);

/// Where sysfs has crash_size or crash_loaded of kexec: /sys/kernel/kexec/NAME in newer kernels (seen on 7.2, where the
/// older names are links that may go), /sys/kernel/kexec_NAME before.
std::string kexec_file(const std::string& name);

/// The whole of a small file, /proc and /sys included; throws Trouble.
std::string read_text(const std::string& path);
/// The same without the newline at its end, or `otherwise` if there is no such file.
std::string read_word(const std::string& path, const std::string& otherwise);
/// One write of the whole text, as /proc and /sys want it; throws Trouble.
void write_text(const std::string& path, std::string_view text);

/// Writes all of it to a descriptor; throws Trouble that names `what`.
void write_all(int fd, std::string_view bytes, const std::string& what);

/// A kernel without an RTC driver counts from 1970.
bool clock_counts_from_1970();
/// Sets the clock to seconds since 1970, if the kernel lets us.
void set_clock(std::uint64_t time);

/// Seconds since the kernel started.
double uptime();

/// The kernel log, oldest line first, each line as "<level>[time] text".
std::string kernel_log();

/// One line on the console. Never throws: there is nobody to tell.
void say(std::string_view line);

/// Flushes disks and switches the machine off.
[[noreturn]] void power_off();
/// Says why on the console, then power_off(). Safe in a signal handler if `why` is a literal.
[[noreturn]] void give_up(std::string_view why);

} // namespace kdt::agent
