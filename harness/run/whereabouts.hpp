#pragma once

#include "base/units.hpp"
#include "image/symbols.hpp"
#include "machine/machine.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kdt::run {

/// What code a vCPU executes.
enum class Code {
  system_kernel,
  capture_kernel,
  purgatory,    ///< kexec-tools' own code between the two kernels; with kexec_load only
  crash_region, ///< in the crash region, beyond the capture kernel's image
  module,       ///< kernel code outside of either image
  user,
  unknown, ///< not mapped, or neither memory nor kernel that we know of
};

/// Where the kernels lie in the guest's memory. Their virtual addresses do not matter, so KASLR does not either.
struct KernelPlaces {
  const image::Symbols* symbols = nullptr; ///< of both kernels; nullptr: no names
  std::optional<std::uint64_t> system{};   ///< physical address of the system kernel's image
  std::optional<std::uint64_t> capture{};  ///< of the capture kernel's
  std::vector<PhysRange> crash_regions{};
  bool purgatory = false; ///< kexec_load put a purgatory beside the capture kernel
};

/// Where one address is.
struct Whereabouts {
  Code code = Code::unknown;
  std::string symbol{}; ///< "cpu_do_idle+0x8"; empty when there is no name

  /// "cpu_do_idle".
  std::string function() const { return symbol.substr(0, symbol.find('+')); }
};

Whereabouts locate(const machine::CodeAddress& address, bool in_user_space, const KernelPlaces& places);

/// A vCPU of a guest that is stuck.
struct CpuState {
  unsigned cpu = 0;
  bool waits = false;               ///< for an interrupt or an event
  std::vector<Whereabouts> chain{}; ///< innermost first; never empty
};

CpuState cpu_state(const machine::CpuRegisters& registers, const KernelPlaces& places);

/// "CPU 0 waits in the capture kernel at cpu_do_idle+0x8 < default_idle_call+0x20 < do_idle+0xf0", with at most so many
/// places. Callers without a name at the end of a chain (init code, which is freed) are left out.
std::string describe(const CpuState& cpu, std::size_t places = 24);
std::string_view to_string(Code code);

/// The start of a kernel's image by the line "Kernel code" of its /proc/iomem: _text or _stext, by version; images lie
/// at multiples of 2 MiB (Documentation/arm64/booting.rst; TEXT_OFFSET is 0 since 5.8).
constexpr std::uint64_t image_start(std::uint64_t kernel_code) {
  return kernel_code & ~(ByteSize::mib(2).bytes - 1);
}

} // namespace kdt::run
