#pragma once

#include "machine/machine.hpp"
#include "model/cell.hpp"
#include "model/verdict.hpp"
#include "run/scheduler.hpp"

#include <string>

namespace kdt::run {

/// What a cell probably takes, when nothing like it has run here before: processors and disk by its parameters; memory
/// 300 MB and a fiftieth of the guest's (its struct pages and page tables: 64 and 8 bytes for each 4 KiB, and what both
/// kernels touch), and the whole crash region, since the probe writes to every page of it.
Need first_guess(const CellParameters& parameters, machine::Accelerator accelerator);

/// Size of the file that the guest's dump disk is; sparse.
ByteSize dump_disk_size(const CellParameters& parameters);

/// What the host's disk should have free before a dump of this guest starts.
ByteSize dump_space_needed(const CellParameters& parameters);

/// Cells of one class take the same memory and time: every parameter and the accelerator, but neither build ids nor the
/// emulator's version, so that a kernel that was built anew is known already.
std::string cell_class(const CellParameters& parameters, machine::Accelerator accelerator);

/// Cells of one size class take similar memory and time: guest memory, processors, accelerator and what is dumped.
std::string size_class(const CellParameters& parameters, machine::Accelerator accelerator);

/// What a template's RAM file grows by while this fork of it dumps: who reads memory that the guest never wrote makes a
/// page of the file, where a guest with memory of its own is shown the same page of zeros everywhere. Nothing when that
/// is more than half of `largest`, since the file is then on disk.
ByteSize fork_growth(const CellParameters& parameters, ByteSize largest);

/// What both are followed by for a fork of a template that froze after this phase.
std::string fork_class(Phase after);

} // namespace kdt::run
