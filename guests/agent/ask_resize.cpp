#include "asks.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace kdt::agent {

namespace {

/// One write, as sysfs wants it; the name of the errno, empty if the kernel took it.
std::string try_to_write(const std::string& file, const std::string& text) {
  const Fd fd = open_file(file, O_WRONLY);
  if (write(fd.get(), text.data(), text.size()) >= 0) return {};
  const char* name = strerrorname_np(errno);
  return name != nullptr ? name : "unknown";
}

} // namespace

Reply serve_resize(const Session&, const protocol::Json& arguments) {
  const auto ask = protocol::decode<protocol::ResizeAsk>(arguments, "resize");
  protocol::ResizeAnswer answer;
  const std::string file = kexec_file("crash_size");
  answer.error = try_to_write(file, std::to_string(ask.size));
  answer.size = std::stoull(read_text(file));
  for (const auto& range : read_iomem(read_text("/proc/iomem")))
    if (range.name == "Crash kernel") answer.regions.push_back(range);
  return {protocol::encode(answer), {}};
}

} // namespace kdt::agent
