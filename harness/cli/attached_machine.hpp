#pragma once

#include "cli/raw_terminal.hpp"
#include "machine/machine.hpp"

#include <functional>
#include <thread>

namespace kdt::cli {

/// Leaves the console: Ctrl-].
inline constexpr char k_leave_key = 0x1d;

/// A machine whose console is on a terminal, too: what the guest prints is shown there as it is, and what is typed goes
/// to the guest, from start() to stop().
class AttachedMachine final : public machine::Machine {
public:
  /// in and out may be other things than terminals. leave is called, from a thread, when k_leave_key is typed.
  AttachedMachine(std::unique_ptr<machine::Machine> inner, int in, int out, std::function<void()> leave);
  ~AttachedMachine() override;

  void start() override;
  machine::Event next_event(Deadline deadline) override;
  void send(const std::string& line) override { inner_->send(line); }
  void type(std::string keys) override { inner_->type(std::move(keys)); }
  std::optional<std::string> poke(machine::Poke what, Deadline deadline) override {
    return inner_->poke(what, deadline);
  }
  std::vector<machine::CpuRegisters> registers(machine::Depth depth, Deadline deadline) override {
    return inner_->registers(depth, deadline);
  }
  void dump_memory(const std::filesystem::path& path, Deadline deadline) override {
    inner_->dump_memory(path, deadline);
  }
  void look_into_memory(const std::function<void(const ReadMemory&)>& look, Deadline deadline) override {
    inner_->look_into_memory(look, deadline);
  }
  ByteSize peak_memory() const override { return inner_->peak_memory(); }
  std::optional<ProcessorTime> processor_time() const override { return inner_->processor_time(); }
  void stop() override;

private:
  void read_keys();
  void detach();

  std::unique_ptr<machine::Machine> inner_;
  int in_;
  int out_;
  std::function<void()> leave_;
  std::optional<RawTerminal> raw_;
  UniqueFd woken_; ///< readable then
  UniqueFd wake_;  ///< written to when the keyboard is not to be read any more
  std::thread keyboard_;
};

} // namespace kdt::cli
