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

} // namespace kdt::machine
