#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kdt::machine {

/// A process by what tells it from every other one, on this host and on all others.
struct ProcessIdentity {
  std::string host{};  ///< 16 hexadecimal digits: this boot of the kernel, and the PID namespace
  int pid = 0;         ///< in that namespace
  std::string start{}; ///< clock ticks since the boot: a PID is used again

  bool operator==(const ProcessIdentity&) const = default;
};

/// Of this process; throws Error{infra} where there is no /proc.
ProcessIdentity own_identity();

/// The name of a pool on another host: "NAME@HOST-PID-START".
std::string pool_name(const std::string& name, const ProcessIdentity& owner);

/// Who made the pool of this name; nullopt when that was no kdt.
std::optional<ProcessIdentity> pool_owner(std::string_view pool);

/// That this process has ended. True only of one that ran under our own kernel, since its last boot, and in our own PID
/// namespace: of any other, nobody here can know.
bool is_dead(const ProcessIdentity& process);

} // namespace kdt::machine
