#include "machine/monitor.hpp"

#include "base/error.hpp"
#include "machine/call_chain.hpp"
#include "machine/qemu_memory.hpp"
#include "machine/qmp.hpp"

namespace kdt::machine {

std::vector<CpuRegisters> read_registers(Depth depth, const HumanMonitor& monitor) {
  auto vcpus = qmp::parse_registers(monitor("info registers -a", 0));
  if (vcpus.empty()) throw Error(Blame::infra, "QEMU's monitor tells no registers");
  for (auto& vcpu : vcpus) {
    auto of_this_cpu = [&](const std::string& command) { return monitor(command, vcpu.cpu); };
    vcpu.waits = stands_behind_wait(vcpu, of_this_cpu);
    if (depth == Depth::chains) vcpu.chain = call_chain(vcpu, of_this_cpu);
  }
  return vcpus;
}

std::optional<std::uint64_t> host_address_of(const PhysRange& ram, const HumanMonitor& monitor) {
  auto address_of = [&](std::uint64_t physical) {
    return parse_gpa2hva(monitor(fmt::format("gpa2hva {:#x}", physical), 0));
  };
  auto first = address_of(ram.start.value);
  auto last = address_of(ram.end.value - 1);
  if (!first || !last || *last - *first != ram.size().bytes - 1) return std::nullopt;
  return first;
}

} // namespace kdt::machine
