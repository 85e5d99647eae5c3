#include "port.hpp"

#include "kdt/protocol.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/inotify.h>
#include <vector>

namespace kdt::agent {

namespace {

constexpr const char* k_ports = "/sys/class/virtio-ports";

struct Ports {
  std::optional<std::string> ours;   // device name, e.g. vport0p1
  std::vector<std::string> nameless; // their names have not arrived yet
};

Ports scan() {
  Ports ports;
  DIR* dir = opendir(k_ports);
  if (!dir) return ports;
  while (const dirent* entry = readdir(dir)) {
    const std::string device = entry->d_name;
    if (device[0] == '.') continue;
    const std::string name = read_word(std::string(k_ports) + "/" + device + "/name", "");
    if (name.empty()) ports.nameless.push_back(device);
    if (name == protocol::k_port_name) ports.ours = device;
  }
  closedir(dir);
  return ports;
}

/// The driver makes the file before it knows the port itself: until then there is ENXIO, and nothing tells of its end
/// (drivers/char/virtio_console.c:add_port: device_create(), some allocations, list_add_tail()).
Fd open_port(const std::string& device, double until) {
  const std::string file = "/dev/" + device;
  for (;;) {
    Fd fd{open(file.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    if (fd) return fd;
    if (errno != ENXIO || uptime() >= until) fail("cannot open " + file);
    sched_yield();
  }
}

} // namespace

Fd open_agent_port(std::chrono::milliseconds patience) {
  const double until = uptime() + std::chrono::duration<double>(patience).count();
  const Fd news{inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  if (news) inotify_add_watch(news.get(), "/dev", IN_CREATE);
  // A port is made first and named by a later message, which makes no file; but the message after that one says that
  // the host has it open, and wakes whoever polls the port.
  std::map<std::string, Fd> nameless;
  for (;;) {
    const Ports ports = scan();
    if (ports.ours) {
      nameless.clear(); // a port can be open once only
      return open_port(*ports.ours, until);
    }
    for (const auto& device : ports.nameless)
      if (!nameless.contains(device)) nameless.emplace(device, open_port(device, until));

    std::vector<pollfd> waits;
    if (news) waits.push_back({news.get(), POLLIN, 0});
    for (const auto& [device, fd] : nameless) waits.push_back({fd.get(), POLLOUT, 0});
    const double left = until - uptime();
    if (left <= 0 || waits.empty() || poll(waits.data(), waits.size(), static_cast<int>(left * 1000)) <= 0)
      throw Trouble("there is no virtio-serial port named " + std::string(protocol::k_port_name));
    char drained[4096];
    while (news && read(news.get(), drained, sizeof drained) > 0) continue;
  }
}

} // namespace kdt::agent
