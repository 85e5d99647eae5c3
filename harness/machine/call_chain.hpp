#pragma once

#include "machine/machine.hpp"

#include <functional>

namespace kdt::machine {

/// The human monitor as one vCPU sees the guest: takes a command line ("x /1wx 0x40200000") and returns what it
/// printed.
using CpuMonitor = std::function<std::string(const std::string& command)>;

/// Whether the instruction before the program counter is WFI or WFE.
bool stands_behind_wait(const CpuRegisters& registers, const CpuMonitor& monitor);

/// Where the vCPU stands and whereto it returns: the program counter, the link register, then the frame records that
/// arm64 kernels always keep (CONFIG_FRAME_POINTER). In user space only the program counter. The link register may be
/// left over from a call that has returned: it then points into the function of the program counter.
std::vector<CodeAddress> call_chain(const CpuRegisters& registers, const CpuMonitor& monitor);

} // namespace kdt::machine
