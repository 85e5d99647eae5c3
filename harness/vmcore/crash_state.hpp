#pragma once

#include "vmcore/printk_log.hpp"
#include "vmcore/query.hpp"
#include "vmcore/reader.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kdt::vmcore {

/// The symbols that read_crash_state() can use; all are global or per-CPU data, or the image's ends.
const std::vector<std::string>& crash_symbols();

/// What the kernel's own memory in the dump says of one PRSTATUS note of the file.
struct CpuState {
  std::vector<std::uint64_t> stack{}; ///< the program counter, then return addresses, innermost first
  std::optional<std::uint64_t> cpu{}; ///< whose note it is: the CPU for which the kernel saved these very registers
  std::string task{};                 ///< name of the task that ran there; empty: not known
  bool task_missing = false;          ///< its name is not known because the dump lacks that piece of its task_struct
};

/// What a dump tells of the crash beyond its notes. Whatever a symbol is missing for is left empty.
struct CrashState {
  std::optional<std::uint64_t> kernel_offset; ///< KERNELOFFSET of vmcoreinfo: what KASLR added
  std::optional<std::uint64_t> text;          ///< SYMBOL(_stext) of vmcoreinfo
  std::string banner;                         ///< linux_banner, at the address that follows from the offset
  std::optional<std::uint64_t> panic_cpu;     ///< the CPU that panicked, by the kernel's own variable
  bool notes_kept = false;                    ///< the kernel's own copies of the notes could be read
  std::vector<CpuState> cpus;                 ///< one for each note of the file
};

/// Follows the notes into the dumped memory. arm64 keeps frame records (CONFIG_FRAME_POINTER is always on), crash_notes
/// (kernel/crash_core.c; before 6.9 kernel/kexec_core.c) holds what each CPU saved, __entry_task (arch/arm64/kernel/
/// process.c) the task that it ran. The place of the task's name is learnt from init_task, which is called swapper/0.
CrashState read_crash_state(const VmcoreInfo& info, const std::vector<CpuRegisters>& notes,
                            const LinkAddresses& symbols, const ReadMemory& read);

nlohmann::ordered_json to_json(const CrashState& state);
/// Throws nlohmann::json::exception when it is not what to_json writes.
CrashState crash_state_from_json(const nlohmann::ordered_json& json);

} // namespace kdt::vmcore
