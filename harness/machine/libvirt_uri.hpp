#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kdt::machine {

/// Where libvirt is to run the guests.
struct LibvirtUri {
  std::string text{};
  bool embedded = false;        ///< no daemon: libvirt's driver works in our own process
  std::filesystem::path root{}; ///< of an embedded driver, when it was named
  bool here = true;             ///< the guests' host is this one: files, sockets and processes are shared with it
};

/// Reads qemu:///embed[?root=DIR], qemu:///session, qemu:///system, qemu+unix:///…, qemu+ssh://HOST/… and the like, and
/// test:///default. Throws Error{usage} that says what is possible. Nobody is ever asked for a password on the
/// terminal.
LibvirtUri libvirt_uri(const std::string& text);

/// libvirt's message about a connection that could not be opened, in one line: where ssh said a page, the cause is in
/// its last two lines.
std::string connection_failure(std::string_view message);

/// What to do about a connection that could not be opened, by libvirt's own message; empty when nothing is known.
std::string connection_remedy(const LibvirtUri& uri, std::string_view message);

} // namespace kdt::machine
