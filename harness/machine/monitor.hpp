#pragma once

#include "machine/machine.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kdt::machine {

/// QEMU's human monitor: takes a command line and the vCPU that it is about, returns what was printed.
using HumanMonitor = std::function<std::string(const std::string& command, unsigned cpu)>;

/// Registers of every vCPU, and with Depth::chains whereto each returns; the guest must stand still for these. Throws
/// Error{infra} when the monitor tells none, and what the monitor throws.
std::vector<CpuRegisters> read_registers(Depth depth, const HumanMonitor& monitor);

/// Where QEMU has the guest's RAM in its own memory; nullopt when it is not in one piece.
std::optional<std::uint64_t> host_address_of(const PhysRange& ram, const HumanMonitor& monitor);

} // namespace kdt::machine
