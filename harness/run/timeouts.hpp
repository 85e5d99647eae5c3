#pragma once

#include "base/deadline.hpp"
#include "machine/machine.hpp"
#include "model/cell.hpp"

namespace kdt::run {

/// How long each wait of a cell may take before it becomes a finding. Budgets are several times what was measured, so
/// that a busy host does not make findings; save is bounded by lack of progress only.
struct Timeouts {
  Clock::duration boot;          ///< QEMU start to the agent's hello
  Clock::duration answer;        ///< an ask that does next to nothing
  Clock::duration load;          ///< kexec reads, loads and (kexec_load) hashes
  Clock::duration probe;         ///< page-table walk and a store to every page
  Clock::duration panic;         ///< trigger pulled to the panic on the console
  Clock::duration capture;       ///< panic to the capture kernel's hello
  Clock::duration save_progress; ///< between two signs of progress while saving
  Clock::duration verify;        ///< reading the vmcore
};

/// For a guest of this size on this accelerator; scale is the user's --timeout-scale.
Timeouts timeouts_for(const CellParameters& parameters, machine::Accelerator accelerator, double scale);

} // namespace kdt::run
