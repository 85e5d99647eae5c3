#pragma once

#include "machine/machine.hpp"

namespace kdt::machine {

/// A guest in a QEMU process of our own: console over a pipe or a socket pair, agent and QMP over socket pairs, so that
/// nothing is left in any file system. It dies with the thread that started it.
class QemuMachine final : public Machine {
public:
  QemuMachine(MachineSpec spec, std::stop_token stop);
  ~QemuMachine() override;

  void start() override;
  Event next_event(Deadline deadline) override;
  void send(const std::string& line) override;
  void type(std::string keys) override;
  std::optional<std::string> poke(Poke what, Deadline deadline) override;
  std::vector<CpuRegisters> registers(Depth depth, Deadline deadline) override;
  void dump_memory(const std::filesystem::path& path, Deadline deadline) override;
  void look_into_memory(const std::function<void(const ReadMemory&)>& look, Deadline deadline) override;
  void freeze(const std::filesystem::path& state_file, Deadline deadline) override;
  void load_state(Deadline deadline) override;
  void wake(Deadline deadline) override;
  ByteSize peak_memory() const override;
  std::optional<ProcessorTime> processor_time() const override;
  void stop() override;

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// KVM when the host is arm64 and /dev/kvm can be opened, else TCG.
Accelerator best_accelerator();

/// "7.2.22", as the emulator in PATH says; throws Error{infra} when there is none.
std::string qemu_version();

} // namespace kdt::machine
