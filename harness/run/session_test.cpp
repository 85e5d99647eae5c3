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

constexpr Patience k_patience{.still = 15s, .silent = 60s, .most = 180s};
constexpr const char* k_hello =
    R"({"event":"hello","role":"capture","protocol":1,"release":"6.1.192","uptime_seconds":1,"init_seconds":0.5})";
} // namespace

TEST_F(SessionTest, WaitEndsWhenTheConditionHolds) {
  auto& session = open({console("x\n"), AgentLine{k_hello}});
  auto up = [&] { return session.hello("capture").has_value(); };
  EXPECT_EQ(session.wait(up, k_patience), Session::Wait::done);
  EXPECT_FALSE(session.hello("system"));
}

TEST_F(SessionTest, WaitTellsAGuestThatIsStuckFromOneThatIsGone) {
  auto never = [] { return false; };
  EXPECT_EQ(open({}).wait(never, k_patience), Session::Wait::stuck);
  auto& gone = open({StateChange{"SHUTDOWN", "guest-reset"}, killed(SIGKILL)});
  EXPECT_EQ(gone.wait(never, k_patience), Session::Wait::gone);
  EXPECT_EQ(gone.ended()->status.signal, SIGKILL);
  EXPECT_EQ(gone.shutdown_reason(), "guest-reset");
}

TEST_F(SessionTest, AFloodOfEventsDoesNotOutliveThePatience) {
  std::vector<Event> flood(1000, console("y\n"));
  EXPECT_EQ(open(std::move(flood)).wait([] { return false; }, Patience{}), Session::Wait::stuck);
}

TEST_F(SessionTest, AHostDiskErrorEndsTheWait) {
  auto& session = open({StateChange{"BLOCK_IO_ERROR", ""}, console("z\n")});
  EXPECT_EQ(session.wait([] { return false; }, k_patience), Session::Wait::gone);
  EXPECT_EQ(session.host_disk_failure(), "an I/O error");
}

TEST_F(SessionTest, AskMatchesAnswersRefusalsAndSilence) {
  auto reply = [](const char* body) {
    return [body](const std::string&) {
      return std::vector<Event>{AgentLine{R"({"id":99,"answer":{}})"}, AgentLine{body}};
    };
  };
  auto& good = open({}, reply(R"({"id":1,"answer":{"a":1}})"));
  auto answer = good.ask("facts", protocol::Done{}, k_patience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body["a"], 1);
  auto& refused = open({}, reply(R"({"id":1,"error":"no module"})"));
  EXPECT_FALSE(refused.ask("probe", protocol::Done{}, k_patience));
  EXPECT_EQ(refused.refusal(), "no module");
  auto& silent = open({});
  EXPECT_FALSE(silent.ask("facts", protocol::Done{}, k_patience));
  EXPECT_EQ(silent.why_not(), Session::Wait::stuck);
}

TEST_F(SessionTest, AGuestThatStandsStillIsStuckAndOneThatWorksIsBorneWith) {
  auto never = [] { return false; };
  EXPECT_EQ(open({}).wait(never, k_patience), Session::Wait::stuck); // by default one vCPU that never moves
  EXPECT_EQ(session_->stuck(), "for 15 s nothing was said and no CPU moved");
  open({});
  machine_->vcpus = [](machine::Depth, int nth) {
    return std::vector<machine::CpuRegisters>{{.cpu = 0, .pc = static_cast<std::uint64_t>(nth), .text = ""}};
  };
  EXPECT_EQ(session_->wait(never, k_patience), Session::Wait::stuck);
  EXPECT_EQ(session_->stuck(), "for 60 s nothing was said");
}

TEST_F(SessionTest, ADumpThatGrowsIsProgressUntilTheHardBound) {
  machine_ = std::make_unique<ScriptedMachine>(std::vector<Event>{});
  std::uint64_t grown = 0;
  Session session(*machine_, log_, [&] { return ByteSize{grown < 10 ? ++grown : grown}; });
  EXPECT_EQ(session.wait([] { return false; }, k_patience), Session::Wait::stuck);
  EXPECT_EQ(session.stuck(), "for 15 s nothing was said and no CPU moved"); // since it grew no more
  Session growing(*machine_, log_, [&] { return ByteSize{++grown}; });
  growing.wait([] { return false; }, k_patience);
  EXPECT_EQ(growing.stuck(), "it was not over after 180 s");
}

TEST_F(SessionTest, AMonitorThatDoesNotAnswerIsNotTakenForAGuestThatStands) {
  open({});
  machine_->monitor_answers = false;
  EXPECT_EQ(session_->wait([] { return false; }, k_patience), Session::Wait::stuck);
  EXPECT_EQ(session_->stuck(), "for 60 s nothing was said");
}

TEST_F(SessionTest, AnAnswerToAnEarlierAskIsNoAnswerToThisOne) {
  auto& session = open({}, [](const std::string& line) {
    if (line.find("\"probe\"") != std::string::npos) return std::vector<Event>{};
    return std::vector<Event>{AgentLine{R"({"id":1,"answer":{"late":true}})"}, AgentLine{R"({"id":2,"answer":{}})"}};
  });
  EXPECT_FALSE(session.ask("probe", protocol::Done{}, k_patience));
  auto answer = session.ask("load", protocol::Done{}, k_patience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->ask, "load");
}

TEST_F(SessionTest, APanicEndsAnAskEarly) {
  auto& session = open(
      {}, [](const std::string&) { return std::vector<Event>{console("[    1.0] Kernel panic - not syncing: x\n")}; });
  EXPECT_FALSE(session.ask("probe", protocol::Done{}, k_patience));
  EXPECT_EQ(session.why_not(), Session::Wait::done);
  EXPECT_EQ(session.tracker().stage(), console::Stage::panicked);
}

TEST_F(SessionTest, KeepsTheLastLinesForEvidence) {
  std::string many;
  for (int i = 0; i < 500; ++i) many += "line " + std::to_string(i) + "\n";
  auto& session = open({console(many + "cut \x1b[2J"), killed(SIGKILL)});
  session.wait([] { return false; }, k_patience);
  auto lines = session.last_lines();
  EXPECT_LT(lines.size(), 100U);
  EXPECT_EQ(lines.back(), "cut \\x1b[2J");
}

TEST_F(SessionTest, WritesEverythingDown) {
  auto& session = open({console("hello\n"), AgentLine{"garbage"}, killed(SIGKILL)});
  session.wait([] { return false; }, k_patience);
  auto text = read_file(directory_.path() / "events.jsonl");
  for (const char* part : {R"("line":"hello")", R"("text":"garbage")", "signal 9 (Killed)"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
  EXPECT_EQ(read_file(directory_.path() / "console.log"), "hello\n");
}

} // namespace kdt::run
