#pragma once

#include "machine/machine.hpp"

#include <deque>

namespace kdt::machine {

/// The fake: plays a list of events, and answers each line sent with what a function of the test says.
class ScriptedMachine final : public Machine {
public:
  using Responder = std::function<std::vector<Event>(const std::string& line)>;

  /// The events come first, in order; when they are used up, next_event returns TimedOut at once.
  explicit ScriptedMachine(std::vector<Event> events, Responder responder = {});

  void start() override { started = true; }
  Event next_event(Deadline deadline) override;
  void send(const std::string& line) override;
  std::optional<std::string> poke(Poke what, Deadline deadline) override;
  std::vector<CpuRegisters> registers(Depth depth, Deadline deadline) override;
  void dump_memory(const std::filesystem::path& path, Deadline deadline) override;
  void look_into_memory(const std::function<void(const ReadMemory&)>& look, Deadline deadline) override;
  void freeze(const std::filesystem::path& state_file, Deadline deadline) override;
  void load_state(Deadline deadline) override;
  void wake(Deadline deadline) override;
  void stop() override { stopped = true; }

  bool started = false;
  bool stopped = false;
  bool loaded = false;
  bool awake = false;
  std::string cannot_freeze;   ///< what freeze() throws; empty: it does not
  std::string cannot_wake;     ///< the same of load_state()
  bool monitor_answers = true; ///< else registers() throws
  /// What registers() returns, the n-th time it is asked (from 0); without it one vCPU that never moves.
  std::function<std::vector<CpuRegisters>(Depth depth, int nth)> vcpus;
  std::function<ReadMemory()> memory; ///< what each look_into_memory() shows; empty: it throws
  /// What poke() does to the guest, and returns; without it the machine can do nothing of the kind.
  std::function<std::pair<std::optional<std::string>, std::vector<Event>>(Poke what)> poked;
  std::vector<std::string> sent;

private:
  std::deque<Event> events_;
  Responder responder_;
  int readings_ = 0;
};

} // namespace kdt::machine
