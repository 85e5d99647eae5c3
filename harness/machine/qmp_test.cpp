#include "machine/qmp.hpp"

#include <gtest/gtest.h>

namespace kdt::machine::qmp {

TEST(QmpCommand, CarriesIdAndArguments) {
  EXPECT_EQ(command(3, "quit"), R"({"execute":"quit","id":3})");
  EXPECT_EQ(command(4, "x", R"({"a":1})"), R"({"execute":"x","id":4,"arguments":{"a":1}})");
}

TEST(QmpParse, TellsRepliesErrorsAndEventsApart) {
  auto reply = std::get<Reply>(parse(R"({"return":"text","id":7})"));
  EXPECT_EQ(reply.id, 7);
  EXPECT_EQ(reply.value, "text");
  auto refused = std::get<Reply>(parse(R"({"id":8,"error":{"class":"GenericError","desc":"no"}})"));
  EXPECT_EQ(refused.error, "no");
  auto event = std::get<StateChange>(parse(R"({"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-reset"}})"));
  EXPECT_EQ(event.name, "SHUTDOWN");
  EXPECT_EQ(event.reason, "guest-reset");
  auto migration = std::get<StateChange>(parse(R"({"event":"MIGRATION","data":{"status":"completed"}})"));
  EXPECT_EQ(migration.reason, "completed");
}

TEST(QmpParse, IgnoresGreetingAndGarbage) {
  for (const char* line : {R"({"QMP":{"version":{}}})", "", "garbage", "[1]", R"({"event":3})", R"({"return":{}})"})
    EXPECT_TRUE(std::holds_alternative<std::monostate>(parse(line))) << line;
}

TEST(ParseRegisters, FindsEveryCpuAndItsPc) {
  auto cpus = parse_registers(
      "\nCPU#0\n PC=ffff800008010c20 X00=0000000000000000\nX01=1\n\nCPU#1\n PC=0000000040200000 X00=0\n");
  ASSERT_EQ(cpus.size(), 2U);
  EXPECT_EQ(cpus[0].pc, 0xffff800008010c20U);
  EXPECT_EQ(cpus[1].cpu, 1U);
  EXPECT_EQ(cpus[1].pc, 0x40200000U);
  EXPECT_TRUE(parse_registers("nothing").empty());
}

TEST(Qmp, AnAnswerThroughLibvirtHasAnotherId) {
  EXPECT_EQ(parse_reply(R"({"return":"CPU#0","id":"libvirt-7"})")->value, "CPU#0");
  EXPECT_EQ(parse_reply(R"({"id":"libvirt-8","error":{"class":"GenericError","desc":"no"}})")->error, "no");
  EXPECT_EQ(parse_reply("{}"), std::nullopt);
  EXPECT_EQ(parse_reply("not JSON"), std::nullopt);
}

} // namespace kdt::machine::qmp
