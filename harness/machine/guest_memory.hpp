#pragma once

#include "machine/machine.hpp"
#include "machine/monitor.hpp"
#include "machine/qemu_memory.hpp"

namespace kdt::machine {

/// What reads the RAM of a guest that QEMU emulates: in QEMU's process where this host has it and lets us look into it
/// (nullopt: it is on another), else through `save`, more slowly. Throws what the monitor throws.
ReadMemory guest_memory(const PhysRange& ram, std::optional<int> pid, const HumanMonitor& monitor,
                        SavedMemory::Save save);

/// How one kind of machine lets a guest stand still.
struct Standstill {
  std::function<void()> stop{};
  std::function<ReadMemory()> memory{};    ///< of the guest that stands still
  std::function<void()> go_on{};           ///< waits for the answer
  std::function<void()> go_on_after_all{}; ///< when the look failed: does not wait, and throws nothing
  bool debugged = false; ///< it runs on instead: its debugger would take the stop for an event of its own
};

/// Stops the guest, calls `look` with what reads its RAM, and lets it go on, whatever look did. Each read throws
/// Interrupted when stop was requested, and Error{infra} when the deadline has passed.
void look_at_standstill(const Standstill& guest, const std::function<void(const ReadMemory&)>& look,
                        const std::stop_token& stop, Deadline deadline);

} // namespace kdt::machine
