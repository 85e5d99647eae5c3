#include "guest/asker.hpp"
#include "kdt/trigger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

namespace kdt::guest {

namespace {

using testing::HasSubstr;

/// The lines of a recorded stream, all that one agent said in both kernels.
std::vector<std::string> recorded(const std::string& name) {
  std::ifstream file(std::string(KDT_TESTDATA) + "/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

/// An asker that has asked what the recorded sessions asked.
Asker asker_of_session() {
  Asker asker;
  for (const auto name : {"facts", "probe", "load", "probe", "trigger", "facts", "save", "poweroff"}) asker.ask(name);
  return asker;
}

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::infra);
    return error.what();
  }
  return "no error";
}

} // namespace

TEST(Asker, AsksAreNumberedAndCarryTheirArguments) {
  Asker asker;
  EXPECT_EQ(asker.ask("facts"), R"({"id":1,"ask":"facts"})");
  EXPECT_EQ(asker.ask("trigger", protocol::TriggerAsk{.name = "sysrq-c", .nonce = "a\"b"}),
            R"({"id":2,"ask":"trigger","name":"sysrq-c","nonce":"a\"b","settings":[],"loads":[],"steps":[]})");
  EXPECT_EQ(asker.waiting(), 2u);
}

TEST(Asker, AnAskLongerThanALineIsRefused) {
  Asker asker;
  EXPECT_THROW(
      asker.ask("trigger", protocol::TriggerAsk{.name = "sysrq-c", .nonce = std::string(protocol::k_max_line, 'x')}),
      Error);
}

TEST(Asker, UnderstandsEveryLineOfARecordedSession) {
  for (const auto name :
       {"kexec_file_load.jsonl", "kexec_load.jsonl", "nodma_rodata_on.jsonl", "copy_disk_full.jsonl"}) {
    Asker asker = asker_of_session();
    std::vector<std::string> roles;
    int answers = 0, steps = 0;
    for (const auto& line : recorded(name)) {
      const auto message = asker.feed(line);
      ASSERT_TRUE(message) << line;
      if (const auto* hello = std::get_if<Hello>(&*message)) roles.push_back(hello->role);
      if (std::holds_alternative<Progress>(*message)) ++steps;
      const auto* answer = std::get_if<Answer>(&*message);
      if (!answer) continue;
      ++answers;
      if (answer->ask == "facts") {
        EXPECT_EQ(read<protocol::Facts>(*answer).page_size, 4096u);
      }
      if (answer->ask == "probe") {
        EXPECT_EQ(read<protocol::ProbeAnswer>(*answer).regions.size(), 1u);
        EXPECT_TRUE(read<protocol::ProbeAnswer>(*answer).segments);
      }
      if (answer->ask == "load") {
        EXPECT_TRUE(read<protocol::LoadAnswer>(*answer).loaded);
      }
      if (answer->ask == "save") {
        EXPECT_GT(read<protocol::SaveAnswer>(*answer).bytes, 0u);
      }
    }
    EXPECT_EQ(roles, (std::vector<std::string>{"system", "capture"})) << name;
    EXPECT_EQ(answers, 8) << name;
    EXPECT_EQ(steps, 3) << name;
    EXPECT_EQ(asker.waiting(), 0u) << name;
    EXPECT_EQ(asker.ignored(), 0u) << name;
  }
}

TEST(Asker, GarbageIsCountedAndOtherwiseIgnored) {
  Asker asker;
  asker.ask("facts");
  for (const std::string line : {"", "]", "42", "[1]", "\xff\xfe", R"({"id":1)", R"({"id":1})",
                                 R"({"event":"weather"})", R"("Copying data","bytes":4169437})"})
    EXPECT_FALSE(asker.feed(line)) << line;
  EXPECT_FALSE(asker.feed("{\"id\":1,\"answer\":{\"x\":\"" + std::string(protocol::k_max_line, 'x') + "\"}}"));
  EXPECT_EQ(asker.ignored(), 10u);
  EXPECT_EQ(asker.waiting(), 1u);
  EXPECT_TRUE(asker.feed(R"({"id":1,"answer":{}})"));
}

TEST(Asker, AnAnswerCountsOnceAndOnlyForItsAsk) {
  Asker asker;
  asker.ask("probe");
  EXPECT_FALSE(asker.feed(R"({"id":2,"answer":{}})")); // another host's ask
  EXPECT_TRUE(asker.feed(R"({"id":1,"answer":{}})"));
  EXPECT_FALSE(asker.feed(R"({"id":1,"answer":{}})"));
}

TEST(Asker, ARefusalNamesItsAsk) {
  Asker asker;
  asker.ask("canaries");
  const auto message = asker.feed(R"({"id":1,"error":"not supported by this agent"})");
  ASSERT_TRUE(message);
  const auto& refusal = std::get<Refusal>(*message);
  EXPECT_EQ(refusal.ask, "canaries");
  EXPECT_EQ(refusal.sentence, "not supported by this agent");
}

TEST(Asker, ARefusalOfAnUnreadableLineHasNoAsk) {
  Asker asker;
  const auto message = asker.feed(R"({"id":null,"error":"the line is not JSON"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Refusal>(*message).id, 0u);
}

TEST(Asker, TroubleIsToldWithItsText) {
  Asker asker;
  const auto message = asker.feed(R"({"event":"trouble","text":"cannot open /proc/sysrq-trigger"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Trouble>(*message).text, "cannot open /proc/sysrq-trigger");
}

TEST(Asker, UnknownFieldsAreIgnoredAndMissingOrWrongOnesAreErrors) {
  Asker asker;
  const std::string good =
      R"({"event":"hello","role":"system","protocol":1,"release":"6.1","uptime_seconds":1,"init_seconds":1,"new":[]})";
  EXPECT_TRUE(asker.feed(good));
  EXPECT_EQ(error_of([&] { asker.feed(R"({"event":"hello","role":"system"})"); }),
            "the agent sent a wrong line: hello.protocol is missing");
  EXPECT_EQ(error_of([&] { asker.feed(R"({"event":"progress","id":1,"done":-1,"total":5,"what":""})"); }),
            "the agent sent a wrong line: progress.done should be a whole number from 0 up, not -1");
  EXPECT_THAT(error_of([&] { asker.feed(R"({"event":7})"); }), HasSubstr("event should be a string"));
  EXPECT_THAT(error_of([&] { asker.feed(R"({"id":"1","answer":{}})"); }), HasSubstr("id should be a whole number"));
}

TEST(Read, NamesTheFieldThatIsWrong) {
  const auto error = [](const char* body) {
    return error_of([&] { read<protocol::LoadAnswer>({.id = 1, .ask = "load", .body = protocol::Json::parse(body)}); });
  };
  EXPECT_THAT(error("[]"), HasSubstr("load should be an object, not array"));
  EXPECT_THAT(error(R"({"exit_status":0})"), HasSubstr("load.loaded is missing"));
  EXPECT_THAT(error(R"({"exit_status":0,"loaded":1})"), HasSubstr("load.loaded should be a boolean, not 1"));
  EXPECT_THAT(error(R"({"exit_status":99999999999,"loaded":true})"), HasSubstr("load.exit_status should be a smaller"));
  EXPECT_THAT(error(R"({"exit_status":0.5,"loaded":true})"), HasSubstr("load.exit_status should be a whole number"));
  EXPECT_THAT(error(R"({"exit_status":0,"loaded":true,"output":"","segments":[{"start":1,"size":2},{"start":"x"}]})"),
              HasSubstr("load.segments[1].start should be"));
}

TEST(Read, RefusesAPageSizeThatThereIsNot) {
  protocol::ProbeAnswer probe;
  for (auto granule : {0ULL, 4ULL, 8192ULL, 1ULL << 33}) {
    probe.linear_map.granule = granule;
    EXPECT_THAT(
        error_of([&] { read<protocol::ProbeAnswer>({.id = 1, .ask = "probe", .body = protocol::encode(probe)}); }),
        HasSubstr("there are no pages of"));
  }
  probe.linear_map.granule = 65536;
  EXPECT_EQ(read<protocol::ProbeAnswer>({.id = 1, .ask = "probe", .body = protocol::encode(probe)}).linear_map.granule,
            65536U);
}

TEST(Read, AbsentOptionalFieldsStayEmpty) {
  auto lines = recorded("kexec_file_load.jsonl");
  auto body = protocol::Json::parse(lines.at(1))["answer"];
  body.erase("kexec_crash_size");
  body["kexec_crash_loaded"] = nullptr;
  const auto facts = read<protocol::Facts>({.id = 1, .ask = "facts", .body = body});
  EXPECT_FALSE(facts.kexec_crash_size);
  EXPECT_FALSE(facts.kexec_crash_loaded);
}

TEST(Records, WhatIsWrittenIsReadBack) {
  const protocol::WriteRun run{
      .start = std::uint64_t{1} << 40, .end = ~std::uint64_t{0}, .result = "faulted", .fault = "load"};
  const auto back = protocol::decode<protocol::WriteRun>(protocol::Json::parse(protocol::encode(run).dump()), "run");
  EXPECT_EQ(back.end, run.end);
  EXPECT_EQ(back.fault, run.fault);
  EXPECT_FALSE(protocol::encode(protocol::WriteRun{}).contains("fault"));
}

} // namespace kdt::guest
