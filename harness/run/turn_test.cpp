// A cell whose guest has to wait for its turn.

#include "base/deadline.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "run/cell_runner_fixture.hpp"
#include "run/template.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace kdt::run {

using machine::StateChange;
using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace {

constexpr auto k_waited = std::chrono::milliseconds(300);
constexpr auto k_panic = "[    9.5] Kernel panic - not syncing: hung_task: blocked tasks\n";
constexpr auto k_warning = "[    9.5] WARNING: CPU: 0 PID: 9 at mm/slub.c:500 kfree+0x10/0x20\n";

class TurnTest : public CellRunnerTest {
protected:
  /// Notes what happens in which order; the turn takes a while to come.
  CellContext noting() {
    auto mine = context();
    mine.on_phase = [this](Phase phase) { order_ += std::string(to_string(phase)) + " "; };
    mine.guest_begins = [this] {
      if (guest_.asks.contains("wake")) order_ += "awake ";
      if (guest_.asks.contains("canaries")) order_ += "planted ";
      order_ += "turn ";
      for (auto end = Deadline::after(k_waited); !end.passed();) continue;
    };
    mine.guest_ended = [this] { order_ += "ended "; };
    return mine;
  }
  std::unique_ptr<const Template> frozen(const std::string& name, Phase after) {
    auto mine = context();
    mine.directory = directory_.path() / "template";
    make_directories(mine.directory);
    return make_template(cell_, mine, name, after, RamPlace::memory);
  }
  std::unique_ptr<const Template> probed() { return frozen("probe-1", Phase::probe); }
  CellResult fork_of(const Template& origin) {
    auto mine = noting();
    mine.fork_of = &origin;
    return run_cell(cell_, mine);
  }
  /// A fork that this happens to when it is asked for its canaries.
  CellResult spoiled(const Events& events) {
    auto origin = probed();
    start_again();
    guest_.instead_of("canaries", 0, [events] { return events; });
    return fork_of(*origin);
  }
  /// It is not booted, and its trigger is not pulled.
  void expect_failed(const Events& events, const std::string& code, const std::string& text) {
    auto result = spoiled(events);
    EXPECT_EQ(result.verdict, Verdict::fail);
    EXPECT_EQ(result.not_forked, "");
    EXPECT_TRUE(result.fork.has_value());
    EXPECT_EQ(codes(result), code);
    EXPECT_THAT(result.findings.at(0).text, HasSubstr(text));
    EXPECT_EQ(outcome(result, Phase::trigger), "failed");
    EXPECT_FALSE(guest_.asks.contains("trigger"));
  }

  std::string order_;
};

} // namespace

TEST_F(TurnTest, AGuestThatBootsDoesSoWhenItsTurnCameAndHasEndedWhenItsDumpIsVerified) {
  auto result = run_cell(cell_, noting());
  EXPECT_EQ(result.verdict, Verdict::pass) << codes(result);
  EXPECT_EQ(order_, "prepare turn boot load probe trigger capture save ended verify ");
  EXPECT_LT(result.seconds, k_waited);
}

TEST_F(TurnTest, AForkIsAwakeBeforeItsTurnAndWhatItWaitsIsNotItsTime) {
  auto origin = probed();
  auto result = fork_of(*origin);
  EXPECT_TRUE(result.fork.has_value());
  EXPECT_EQ(order_, "prepare awake planted turn trigger capture save ended verify ");
  EXPECT_FALSE(expected_.canaries.empty());
  EXPECT_LT(result.seconds, k_waited);
  EXPECT_LT(result.phases[0].seconds, k_waited);
  auto events = read_file(context().directory / "events.jsonl");
  auto lines = split(trim(events), '\n');
  double last = nlohmann::json::parse(lines.back())["t"];
  EXPECT_LT(last, (origin->age + k_waited).count()); // nor its log's
}

TEST_F(TurnTest, AForkThatDiesBeforeItsTurnIsNoneAndTheCellBoots) {
  auto origin = probed();
  start_again();
  guest_.instead_of("canaries", 0, [] { return Events{canaries_planted(), killed(9)}; });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::pass) << codes(result);
  EXPECT_FALSE(result.fork.has_value());
  EXPECT_THAT(result.not_forked, HasSubstr("a fork of probe-1 failed: before its turn came QEMU ended with signal 9"));
  EXPECT_EQ(order_, "prepare awake planted turn prepare awake planted turn boot load probe trigger capture save ended "
                    "verify ");
}

TEST_F(TurnTest, AForkThatDiesWhileItPlantsItsCanariesIsNoneEither) {
  auto origin = probed();
  start_again();
  guest_.instead_of("canaries", 0, [] { return Events{killed(9)}; });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::pass) << codes(result);
  EXPECT_THAT(result.not_forked, HasSubstr("a fork of probe-1 failed: before its turn came QEMU ended with signal 9"));
}

TEST_F(TurnTest, WhyAForkCouldNotPlantIsReportedWhenItsTurnCame) {
  auto origin = probed();
  start_again();
  for (int nth : {0, 1})
    guest_.instead_of("canaries", nth, [nth] {
      return Events{AgentLine{fmt::format(R"({{"id":{},"error":"cannot load /kdt_probe.ko"}})", 2 + nth)}};
    });
  auto result = fork_of(*origin);
  EXPECT_TRUE(result.fork.has_value());
  EXPECT_EQ(codes(result), "canaries-failed ");
  EXPECT_EQ(outcome(result, Phase::trigger), "failed");
}

TEST_F(TurnTest, AForkThatPanicsWhileItPlantsItsCanariesIsNotBootedButFails) {
  expect_failed({console(k_panic)}, "boot-panic ",
                "panicked before its trigger was pulled: Kernel panic - not syncing: hung_task");
  EXPECT_EQ(order_, "prepare awake planted turn trigger ");
}

TEST_F(TurnTest, AForkThatPanicsWhileItWaitsFails) {
  expect_failed({canaries_planted(), console(k_panic)}, "boot-panic ", "panicked before its trigger was pulled");
}

TEST_F(TurnTest, AForkThatPanicsWhileItWaitsFailsThoughItsQemuDiesThen) {
  expect_failed({canaries_planted(), console(k_panic), killed(9)}, "boot-panic ",
                "panicked before its trigger was pulled");
}

TEST_F(TurnTest, AForkThatPanicsUnseenWhileItWaitsFails) {
  expect_failed({canaries_planted(), guest_.capture_events.back()}, "boot-panic ",
                "panicked before its trigger was pulled");
}

TEST_F(TurnTest, AForkThatEndsItsMachineWhileItWaitsFails) {
  machine::Ended powered_off{.status = {.code = 0}, .words = ""};
  expect_failed({canaries_planted(), StateChange{"SHUTDOWN", "guest-reset"}, powered_off}, "boot-panic ",
                "the guest reset the machine in phase trigger");
}

TEST_F(TurnTest, AForkWhoseDiskTheHostCannotServeWhileItWaitsIsAnErrorOfTheHost) {
  auto result = spoiled({canaries_planted(), StateChange{"BLOCK_IO_ERROR", ""}});
  EXPECT_EQ(result.verdict, Verdict::error);
  EXPECT_EQ(codes(result), "host-disk ");
  EXPECT_TRUE(result.fork.has_value());
}

TEST_F(TurnTest, AForkWhoseKernelComplainsWhileItWaitsGoesOnAndFails) {
  auto result = spoiled({canaries_planted(), console(k_warning)});
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_EQ(codes(result), "oops ");
  EXPECT_THAT(order_, EndsWith("save ended verify "));
}

TEST_F(TurnTest, AForkWhoseCaptureKernelPanicsWhileItWaitsFails) {
  auto origin = frozen("capture-1", Phase::capture);
  start_again();
  guest_.instead_of("wake", 0, [] {
    return Events{AgentLine{R"({"id":1,"answer":{"role":"capture","random":7,"time":3}})"}, console(k_panic)};
  });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_TRUE(result.fork.has_value());
  EXPECT_EQ(codes(result), "capture-panic ");
  EXPECT_FALSE(guest_.asks.contains("save"));
}

TEST_F(TurnTest, AForkThatTalksNonsenseWhileItWaitsIsNotBooted) {
  auto result = spoiled({canaries_planted(), AgentLine{R"({"event":"hello","role":5})"}});
  EXPECT_EQ(result.verdict, Verdict::error);
  EXPECT_EQ(codes(result), "infra ");
  EXPECT_LT(result.seconds, k_waited);
  EXPECT_EQ(result.not_forked, "");
  EXPECT_EQ(outcome(result, Phase::trigger), "failed");
}

TEST_F(TurnTest, AForkThatDoesNotAnswerAheadIsAskedAgain) {
  auto result = spoiled({});
  EXPECT_EQ(result.verdict, Verdict::pass) << codes(result);
  EXPECT_TRUE(result.fork.has_value());
}

TEST_F(TurnTest, AForkThatStaysSilentFails) {
  auto origin = probed();
  start_again();
  for (int nth : {0, 1}) guest_.instead_of("canaries", nth, [] { return Events{}; });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_TRUE(result.fork.has_value());
  EXPECT_EQ(codes(result), "agent-silent ");
}

TEST_F(TurnTest, AGuestThatFailedHasNotEnded) {
  guest_.instead_of("trigger", 0, [] { return Events{}; });
  auto result = run_cell(cell_, noting());
  EXPECT_NE(result.verdict, Verdict::pass);
  EXPECT_EQ(order_.find("ended"), std::string::npos);
}

TEST_F(TurnTest, ATurnThatNeverComesEndsTheCell) {
  auto mine = noting();
  mine.guest_begins = [] { throw Interrupted(); };
  EXPECT_THROW(run_cell(cell_, mine), Interrupted);
  EXPECT_EQ(order_, "prepare ");
}

} // namespace kdt::run
