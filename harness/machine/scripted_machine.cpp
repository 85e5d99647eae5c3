#include "machine/scripted_machine.hpp"

#include "base/error.hpp"

namespace kdt::machine {

ScriptedMachine::ScriptedMachine(std::vector<Event> events, Responder responder)
    : events_(std::make_move_iterator(events.begin()), std::make_move_iterator(events.end())),
      responder_(std::move(responder)) {}

Event ScriptedMachine::next_event(Deadline) {
  if (events_.empty()) return TimedOut{};
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void ScriptedMachine::send(const std::string& line) {
  sent.push_back(line);
  if (!responder_) return;
  for (auto& event : responder_(line)) events_.push_back(std::move(event));
}

std::optional<std::string> ScriptedMachine::poke(Poke what, Deadline) {
  if (!poked) return "a scripted machine has no such line";
  auto [refusal, events] = poked(what);
  for (auto& event : events) events_.push_back(std::move(event));
  return refusal;
}

std::vector<CpuRegisters> ScriptedMachine::registers(Depth depth, Deadline) {
  if (!monitor_answers) throw Error(Blame::infra, "the monitor does not answer");
  if (vcpus) return vcpus(depth, readings_++);
  return {{.cpu = 0, .pc = 0xffff800008010000, .text = "PC=ffff800008010000\n"}};
}

void ScriptedMachine::dump_memory(const std::filesystem::path& path, Deadline) {
  throw Error(Blame::infra, "{}: a scripted machine has no memory", path.string());
}

void ScriptedMachine::look_into_memory(const std::function<void(const ReadMemory&)>& look, Deadline) {
  if (!memory) throw Error(Blame::infra, "this scripted machine has no memory");
  look(memory());
}

void ScriptedMachine::freeze(const std::filesystem::path&, Deadline) {
  if (!cannot_freeze.empty()) throw Error(Blame::infra, "{}", cannot_freeze);
  events_.push_back(Ended{});
}

void ScriptedMachine::load_state(Deadline) {
  if (!cannot_wake.empty()) throw Error(Blame::infra, "{}", cannot_wake);
  loaded = true;
}

void ScriptedMachine::wake(Deadline) {
  KDT_ASSERT(loaded);
  awake = true;
}

} // namespace kdt::machine
