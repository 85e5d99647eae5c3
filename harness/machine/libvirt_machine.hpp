#pragma once

#include "machine/machine.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace kdt::machine {

class LibvirtConnection;

/// A guest as a transient domain of libvirt's: gone when it ends, when this object goes, and when kdt dies. Its console
/// and its agent's channel are sockets of ours that QEMU connects to before the guest runs, so that no byte is lost; on
/// another host they are libvirt's streams, the images are taken there first, and stop() brings the disks back.
/// Where libvirt does not answer, the calls of this class end at their deadlines all the same: libvirt is asked by a
/// thread of the machine's own.
class LibvirtMachine final : public Machine {
public:
  /// The connection is shared by the machines of a run. held: goes when the guest has ended, whatever it is.
  LibvirtMachine(std::shared_ptr<LibvirtConnection> connection, MachineSpec spec, std::stop_token stop,
                 std::shared_ptr<void> held = {});
  ~LibvirtMachine() override;

  void start() override;
  Event next_event(Deadline deadline) override;
  void send(const std::string& line) override;
  void type(std::string keys) override;
  std::optional<std::string> poke(Poke what, Deadline deadline) override;
  std::vector<CpuRegisters> registers(Depth depth, Deadline deadline) override;
  void dump_memory(const std::filesystem::path& file, Deadline deadline) override;
  void look_into_memory(const std::function<void(const ReadMemory&)>& look, Deadline deadline) override;
  ByteSize peak_memory() const override;
  std::optional<ProcessorTime> processor_time() const override;
  void stop() override;

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace kdt::machine
