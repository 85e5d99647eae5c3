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
using ::testing::HasSubstr;

namespace {

constexpr auto k_waited = std::chrono::milliseconds(300);
constexpr auto k_panic = "[    9.5] Kernel panic - not syncing: hung_task: blocked tasks\n";

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
  std::unique_ptr<const Template> probed() {
    auto mine = context();
    mine.directory = directory_.path() / "template";
    make_directories(mine.directory);
    return make_template(cell_, mine, "probe-1", Phase::probe, RamPlace::memory);
  }
  CellResult fork_of(const Template& origin) {
    auto mine = noting();
    mine.fork_of = &origin;
    return run_cell(cell_, mine);
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
  EXPECT_THAT(result.not_forked, HasSubstr("a fork of probe-1 failed: QEMU ended before its turn came"));
  EXPECT_EQ(order_, "prepare awake planted turn prepare awake planted turn boot load probe trigger capture save ended "
                    "verify ");
}

TEST_F(TurnTest, AForkThatDiesWhileItPlantsItsCanariesIsNoneEither) {
  auto origin = probed();
  start_again();
  guest_.instead_of("canaries", 0, [] { return Events{killed(9)}; });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::pass) << codes(result);
  EXPECT_THAT(result.not_forked, HasSubstr("a fork of probe-1 failed: QEMU ended"));
}

TEST_F(TurnTest, WhyAForkCouldNotPlantIsReportedWhenItsTurnCame) {
  auto origin = probed();
  start_again();
  guest_.instead_of("canaries", 0, [] { return Events{AgentLine{R"({"id":2,"error":"cannot load /kdt_probe.ko"})"}}; });
  auto result = fork_of(*origin);
  EXPECT_TRUE(result.fork.has_value());
  EXPECT_EQ(codes(result), "canaries-failed ");
  EXPECT_EQ(outcome(result, Phase::trigger), "failed");
}

TEST_F(TurnTest, AForkThatPanicsWhileItPlantsItsCanariesIsNotBootedButFails) {
  auto origin = probed();
  start_again();
  guest_.instead_of("canaries", 0, [] { return Events{console(k_panic)}; });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_EQ(result.not_forked, "");
  EXPECT_TRUE(result.fork.has_value());
  EXPECT_EQ(codes(result), "boot-panic ");
  EXPECT_THAT(result.findings[0].text, HasSubstr("while the agent was asked 'canaries'"));
  EXPECT_EQ(outcome(result, Phase::trigger), "failed");
  EXPECT_EQ(order_, "prepare awake planted turn trigger ");
}

TEST_F(TurnTest, AForkThatPanicsWhileItWaitsFails) {
  auto origin = probed();
  start_again();
  guest_.instead_of("canaries", 0, [] { return Events{canaries_planted(), console(k_panic)}; });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_TRUE(result.fork.has_value());
  EXPECT_THAT(codes(result), HasSubstr("boot-panic "));
  EXPECT_THAT(result.findings.back().text,
              HasSubstr("panicked before its trigger: Kernel panic - not syncing: hung_task"));
}

TEST_F(TurnTest, AForkThatEndsItsMachineWhileItWaitsFails) {
  auto origin = probed();
  start_again();
  guest_.instead_of("canaries", 0, [] {
    return Events{canaries_planted(), StateChange{"SHUTDOWN", "guest-reset"},
                  machine::Ended{.status = {.code = 0}, .words = ""}};
  });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_TRUE(result.fork.has_value());
  EXPECT_THAT(result.findings.back().text, HasSubstr("the guest reset the machine in phase trigger"));
}

TEST_F(TurnTest, AForkThatFallsSilentWhileItPlantsItsCanariesFails) {
  auto origin = probed();
  start_again();
  guest_.instead_of("canaries", 0, [] { return Events{}; });
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
