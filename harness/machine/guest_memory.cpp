#include "machine/guest_memory.hpp"

#include "base/error.hpp"

namespace kdt::machine {

/// Shared pointers, because what std::function holds must be copyable.
ReadMemory guest_memory(const PhysRange& ram, std::optional<int> pid, const HumanMonitor& monitor,
                        SavedMemory::Save save) {
  if (auto address = pid ? host_address_of(ram, monitor) : std::nullopt) {
    try {
      return [memory = std::make_shared<ProcessMemory>(*pid, ram, *address)](PhysAddr from, auto to) {
        memory->read(from, to);
      };
    } catch (const Error&) { // the host does not let us look into the process
    }
  }
  return [memory = std::make_shared<SavedMemory>(ram, std::move(save))](PhysAddr from, auto to) {
    memory->read(from, to);
  };
}

void look_at_standstill(const Standstill& guest, const std::function<void(const ReadMemory&)>& look,
                        const std::stop_token& stop, Deadline deadline) {
  try {
    if (!guest.debugged) guest.stop();
    auto memory = guest.memory();
    look([&](PhysAddr from, std::span<std::byte> to) {
      if (stop.stop_requested()) throw Interrupted();
      if (deadline.passed()) throw Error(Blame::infra, "the guest's memory could not be read in time");
      memory(from, to);
    });
  } catch (...) {
    if (!guest.debugged) guest.go_on_after_all();
    throw;
  }
  if (!guest.debugged) guest.go_on();
}

} // namespace kdt::machine
