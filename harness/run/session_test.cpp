#include "base/file.hpp"
#include "run/fake_guest.hpp"
#include "run/session.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace kdt::run {

using namespace std::chrono_literals;
using machine::AgentLine;
using machine::Event;
using machine::ScriptedMachine;
using machine::StateChange;

namespace {
class SessionTest : public testing::Test {
protected:
  Session& open(std::vector<Event> events, ScriptedMachine::Responder responder = {}) {
    machine_ = std::make_unique<ScriptedMachine>(std::move(events), std::move(responder));
    session_ = std::make_unique<Session>(*machine_, log_);
    return *session_;
  }

  TempDir directory_{"kdt-test"};
  EventLog log_{directory_.path()};
  std::unique_ptr<ScriptedMachine> machine_;
  std::unique_ptr<Session> session_;
};

constexpr const char* k_hello =
    R"({"event":"hello","role":"capture","protocol":1,"release":"6.1.192","uptime_seconds":1,"init_seconds":0.5})";
} // namespace

TEST_F(SessionTest, WaitEndsWhenTheConditionHolds) {
  auto& session = open({console("x\n"), AgentLine{k_hello}});
  auto up = [&] { return session.hello("capture").has_value(); };
  EXPECT_EQ(session.wait(up, Deadline::after(10s)), Session::Wait::done);
  EXPECT_FALSE(session.hello("system"));
}

TEST_F(SessionTest, WaitTellsADeadlineFromAGuestThatIsGone) {
  auto never = [] { return false; };
  EXPECT_EQ(open({}).wait(never, Deadline::after(10s)), Session::Wait::deadline);
  auto& gone = open({StateChange{"SHUTDOWN", "guest-reset"}, killed(SIGKILL)});
  EXPECT_EQ(gone.wait(never, Deadline::after(10s)), Session::Wait::gone);
  EXPECT_EQ(gone.ended()->status.signal, SIGKILL);
  EXPECT_EQ(gone.shutdown_reason(), "guest-reset");
}

TEST_F(SessionTest, AFloodOfEventsDoesNotOutliveTheDeadline) {
  std::vector<Event> flood(1000, console("y\n"));
  EXPECT_EQ(open(std::move(flood)).wait([] { return false; }, Deadline::after(0s)), Session::Wait::deadline);
}

TEST_F(SessionTest, AHostDiskErrorEndsTheWait) {
  auto& session = open({StateChange{"BLOCK_IO_ERROR", ""}, console("z\n")});
  EXPECT_EQ(session.wait([] { return false; }, Deadline::after(10s)), Session::Wait::gone);
  EXPECT_TRUE(session.host_disk_failed());
}

TEST_F(SessionTest, AskMatchesAnswersRefusalsAndSilence) {
  auto reply = [](const char* body) {
    return [body](const std::string&) {
      return std::vector<Event>{AgentLine{R"({"id":99,"answer":{}})"}, AgentLine{body}};
    };
  };
  auto& good = open({}, reply(R"({"id":1,"answer":{"a":1}})"));
  auto answer = good.ask("facts", protocol::Done{}, 10s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body["a"], 1);
  auto& refused = open({}, reply(R"({"id":1,"error":"no module"})"));
  EXPECT_FALSE(refused.ask("probe", protocol::Done{}, 10s));
  EXPECT_EQ(refused.refusal(), "no module");
  auto& silent = open({});
  EXPECT_FALSE(silent.ask("facts", protocol::Done{}, 10s));
  EXPECT_EQ(silent.why_not(), Session::Wait::deadline);
}

TEST_F(SessionTest, APanicEndsAnAskEarly) {
  auto& session = open(
      {}, [](const std::string&) { return std::vector<Event>{console("[    1.0] Kernel panic - not syncing: x\n")}; });
  EXPECT_FALSE(session.ask("probe", protocol::Done{}, 10s));
  EXPECT_EQ(session.why_not(), Session::Wait::done);
  EXPECT_EQ(session.tracker().stage(), console::Stage::panicked);
}

TEST_F(SessionTest, KeepsTheLastLinesForEvidence) {
  std::string many;
  for (int i = 0; i < 500; ++i) many += "line " + std::to_string(i) + "\n";
  auto& session = open({console(many + "cut \x1b[2J"), killed(SIGKILL)});
  session.wait([] { return false; }, Deadline::after(10s));
  auto lines = session.last_lines();
  EXPECT_LT(lines.size(), 100U);
  EXPECT_EQ(lines.back(), "cut \\x1b[2J");
}

TEST_F(SessionTest, WritesEverythingDown) {
  auto& session = open({console("hello\n"), AgentLine{"garbage"}, killed(SIGKILL)});
  session.wait([] { return false; }, Deadline::after(10s));
  auto text = read_file(directory_.path() / "events.jsonl");
  for (const char* part : {R"("line":"hello")", R"("text":"garbage")", "signal 9 (Killed)"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
  EXPECT_EQ(read_file(directory_.path() / "console.log"), "hello\n");
}

} // namespace kdt::run
