#pragma once

#include "machine/machine.hpp"
#include "model/cell.hpp"
#include "run/watch.hpp"

namespace kdt::run {

/// How long each wait of a cell may take before it becomes a finding. All are bounds on lack of progress with a hard
/// upper bound, several times what was measured, so that a busy host does not make findings.
struct Timeouts {
  Patience boot;               ///< QEMU start to the agent's hello
  Patience answer;             ///< an ask that does next to nothing
  Patience load;               ///< kexec reads, loads and (kexec_load) hashes
  Patience probe;              ///< page-table walk and a store to every page
  Patience panic;              ///< trigger pulled to the panic on the console
  Patience capture;            ///< panic to the capture kernel's hello
  Patience save;               ///< the dump tool
  Clock::duration verify;      ///< reading the vmcore
  Clock::duration monitor;     ///< QEMU's answers to all questions about a guest that is stuck
  Clock::duration memory_dump; ///< its memory, by QEMU: a second a GiB
};

/// For a guest of this size on this accelerator; scale is the user's --timeout-scale, payload what kexec loads: kernel
/// and initramfs.
Timeouts timeouts_for(const CellParameters& parameters, machine::Accelerator accelerator, double scale,
                      ByteSize payload = {});

} // namespace kdt::run
