#pragma once

#include "model/finding.hpp"
#include "model/value.hpp"
#include "vmcore/crash_state.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::vmcore {

/// What is known of the kernel that was booted from its kept System.map.
struct KernelMap {
  LinkAddresses addresses; ///< of crash_symbols(), those that it has
  /// "panic+0x1c" of a distance from _text; nullopt for what is no code of the image.
  std::function<std::optional<std::string>(std::uint64_t distance)> name;
};

/// Names for a stack, return addresses by the call before them: behind a call that never returns another function
/// begins; an address of no function of the kernel's image (a module's, say) is shown in hexadecimal.
std::vector<std::string> named(const std::vector<std::uint64_t>& stack, const CrashState& state, const KernelMap& map);

/// The note of the CPU that panicked; nullptr: not known.
const CpuState* crashed_cpu(const CrashState& state);

/// Whether the dump's own words about where KASLR put the kernel agree with the map and with the banner that stands
/// there; empty when they do. A banner that cannot be read accuses nobody unless `whole`: all memory is in the dump.
std::vector<Finding> judge_kernel_offset(const CrashState& state, std::string_view release, const KernelMap& map,
                                         bool whole);

/// Whether each note holds the registers of its CPU, in the order of the CPUs; whether the stack of the CPU that
/// panicked leads anywhere; whether its task_struct is there and the log names the same task for it. `log` is that of
/// the dump, `panic` is in its line that tells of the crash.
std::vector<Finding> judge_crash(const CrashState& state, const std::vector<CpuRegisters>& notes, std::string_view log,
                                 std::string_view panic, const KernelMap& map);

/// vmcore.kernel_offset, vmcore.crashed_cpu, vmcore.crashed_task, vmcore.task_missing, vmcore.crash_stack,
/// vmcore.cpu_stands. A task whose name is not in the memory of the dump is named by the log.
void observe_crash(const CrashState& state, std::string_view log, std::string_view panic, const KernelMap& map,
                   Facts& facts);

} // namespace kdt::vmcore
