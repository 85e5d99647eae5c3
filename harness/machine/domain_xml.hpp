#pragma once

#include "machine/machine.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::machine {

/// What a domain is told beyond its machine: who it is, how its channels are connected, what its host insists on.
struct DomainPlace {
  std::string uuid{};               ///< empty: libvirt chooses one
  std::filesystem::path emulator{}; ///< empty: libvirt knows one
  /// Of a TCG guest that has one thread for all CPUs (see libvirt_emulator.hpp); empty: it has one for each.
  std::filesystem::path single_thread_emulator{};
  /// Listening sockets that the emulator connects to before the guest runs. Empty: a pty and a socket of libvirt's own
  /// making, which virDomainOpenConsole and virDomainOpenChannel lead to.
  std::filesystem::path console{};
  std::filesystem::path agent{};
  std::filesystem::path service{};            ///< of MachineSpec::service; without one the guest gets no network
  std::vector<std::string> security_models{}; ///< of the host, as its capabilities name them
  unsigned uid = 0;                           ///< whom the emulator runs as, where the host has the model dac
  unsigned gid = 0;
};

/// The domain that is the same guest as qemu_argv()'s: transient, gone when it powers off, resets or crashes. What
/// libvirt has no words for is in its QEMU namespace. Pure.
std::string domain_xml(const MachineSpec& spec, const DomainPlace& place);

/// domain.xml: that domain, with channels of libvirt's own making, as `virsh create` takes it.
Description describe_domain(const MachineSpec& spec, const DomainPlace& place);

/// How QEMU names the console of such a domain among its character devices.
inline constexpr const char* k_domain_console = "charserial0";

/// The name that the agent's port has in the guest, and in libvirt.
inline constexpr const char* k_agent_port = "org.kdt.agent";

} // namespace kdt::machine
