#include "base/error.hpp"
#include "machine/scripted_machine.hpp"

#include <gtest/gtest.h>

namespace kdt::machine {

TEST(ScriptedMachine, PlaysItsEventsThenTimesOut) {
  ScriptedMachine machine({ConsoleOutput{"hello"}, Ended{}});
  EXPECT_TRUE(std::holds_alternative<ConsoleOutput>(machine.next_event(Deadline::never())));
  EXPECT_TRUE(std::holds_alternative<Ended>(machine.next_event(Deadline::never())));
  EXPECT_TRUE(std::holds_alternative<TimedOut>(machine.next_event(Deadline::never())));
}

TEST(ScriptedMachine, AnswersWhatItIsSent) {
  ScriptedMachine machine({}, [](const std::string& line) { return std::vector<Event>{AgentLine{"re: " + line}}; });
  machine.send("ask");
  EXPECT_EQ(std::get<AgentLine>(machine.next_event(Deadline::never())).text, "re: ask");
  EXPECT_THROW(machine.dump_memory("x", Deadline::never()), Error);
}

TEST(ScriptedMachine, EndsWhenItFreezesUnlessItCannot) {
  ScriptedMachine machine({});
  machine.freeze("state", Deadline::never());
  EXPECT_TRUE(std::holds_alternative<Ended>(machine.next_event(Deadline::never())));
  machine.cannot_freeze = machine.cannot_wake = "no";
  EXPECT_THROW(machine.freeze("state", Deadline::never()), Error);
  EXPECT_THROW(machine.load_state(Deadline::never()), Error);
  machine.cannot_wake.clear();
  machine.load_state(Deadline::never());
  EXPECT_FALSE(machine.awake);
  machine.wake(Deadline::never());
  EXPECT_TRUE(machine.awake);
}

TEST(ScriptedMachine, ShowsTheMemoryItWasGiven) {
  ScriptedMachine machine({});
  auto nothing = [](const ReadMemory&) {};
  EXPECT_THROW(machine.look_into_memory(nothing, Deadline::never()), Error);
  machine.memory = [] {
    return [](PhysAddr at, std::span<std::byte> to) { to[0] = static_cast<std::byte>(at.value); };
  };
  std::byte seen{};
  machine.look_into_memory([&](const ReadMemory& read) { read({7}, {&seen, 1}); }, Deadline::never());
  EXPECT_EQ(seen, std::byte{7});
}

} // namespace kdt::machine
