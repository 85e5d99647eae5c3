#pragma once

#include "vmcore/vmcoreinfo.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kdt::vmcore {

/// Reads kernel memory at a virtual address, all or nothing: false when any byte of it is not in the dump.
using ReadMemory = std::function<bool(std::uint64_t address, void* to, std::size_t bytes)>;

/// The kernel log of a dump.
struct PrintkLog {
  std::vector<std::string> lines; ///< as the console prints them: "[    1.234567] text", prefix on every line
  std::string levels;             ///< a digit for each line: 0 is an emergency, 7 is for debugging
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;   ///< of text()
  std::uint64_t damaged = 0; ///< records whose text or place in the ring makes no sense; they are left out
  std::string problem;       ///< why there is no log at all; empty when there is one

  std::string text() const;
};

/// Reads the log whichever way the kernel keeps it: the lockless ring (5.10 and later, symbol prb) or the record
/// buffer before it (symbol log_buf). Never throws on bad memory. PRINTK_CALLER's "[T1]" is not printed: vmcoreinfo
/// does not say whether the kernel prints it.
/// Source: kernel/printk/printk_ringbuffer.{h,c} (v6.1); kernel/printk/printk.c (v5.9) for the old form.
PrintkLog read_printk_log(const VmcoreInfo& info, const ReadMemory& read);

} // namespace kdt::vmcore
