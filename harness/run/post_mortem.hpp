#pragma once

#include "kdt/records.hpp"
#include "run/diagnosis.hpp"

#include <string>
#include <vector>

namespace kdt::run {

/// Where the kernels lie, by what their agents said of /proc/iomem; empty lists: they said nothing. A system kernel
/// that never got that far lies where the emulator put it, a capture kernel where the crash region begins.
KernelPlaces kernel_places(const std::vector<protocol::IomemRange>& system_iomem,
                           const std::vector<protocol::IomemRange>& capture_iomem, const std::string& loader);

/// post-mortem/summary.txt: how the guest was stuck, why it probably was, what each CPU did, the last lines.
std::string post_mortem_text(const Stuck& stuck, const std::string& how, const std::vector<std::string>& last_lines);

/// post-mortem/registers.txt: as the emulator printed them.
std::string registers_text(const std::vector<machine::CpuRegisters>& registers);

} // namespace kdt::run
