// What pulling a trigger looks like, and what is made of what the guest shows then.

#include "run/cell_runner_fixture.hpp"

#include <gmock/gmock.h>

namespace kdt::run {

using testing::HasSubstr;

namespace {

constexpr const char* k_banner = "[    0.0] Booting Linux on physical CPU 0x0\n";

Events oops_and_capture(const std::string& lines) {
  return {console(lines + "[    2.6] Starting crashdump kernel...\n[    2.6] Bye!\n"), console(k_banner),
          console("[    0.0] Linux version 6.1.192 (a@b)\n")};
}

} // namespace

class TriggeringTest : public CellRunnerTest {
protected:
  /// The cell has this trigger; when it is pulled the console shows these lines before the capture kernel comes.
  void panics(const std::string& trigger, const std::string& lines) {
    cell_.parameters.trigger = trigger;
    auto hello = guest_.capture_events.back();
    guest_.capture_events = oops_and_capture(lines);
    guest_.capture_events.push_back(hello);
  }
};

TEST_F(CellRunnerTest, WhatTheAgentItselfCannotDoIsNotBlamedOnTheKernel) {
  guest_.instead_of("load", 0, [] {
    return Events{AgentLine{R"({"id":3,"error":"cannot copy /dev/vdb: No space left on device"})"}};
  });
  auto result = run();
  expect_only(result, "agent-error", Phase::load, Verdict::fail);
  EXPECT_EQ(result.blame, Blame::tool);
}

TEST_F(TriggeringTest, TheGuestIsToldWhatToDoAndWhere) {
  use_trigger_rules();
  cell_.parameters.trigger_cpu = 1;
  panics("bug", "[    2.5] Internal error: Oops - BUG: 00000000f2000800 [#1] SMP\n"
                "[    2.5] pc : kdt_trigger_bug+0x0/0x4 [kdt_probe]\n");
  auto result = run();
  EXPECT_EQ(codes(result), "");
  EXPECT_EQ(result.verdict, Verdict::pass);
  auto ask = nlohmann::json::parse(guest_.asks.at("trigger"));
  EXPECT_EQ(ask["settings"][0]["file"], "/proc/sys/kernel/panic_on_oops");
  EXPECT_EQ(ask["steps"][0]["text"], "bug");
  EXPECT_EQ(ask["cpu"], 1);
  EXPECT_THAT(to_string(result.observed.at("panic.console")), HasSubstr("pc : kdt_trigger_bug+"));
  EXPECT_EQ(result.observed.at("capture.banner"), Value("Linux version 6.1.192 (a@b)"));
}

TEST_F(TriggeringTest, AnotherPanicThanTheTriggersIsAFinding) {
  use_trigger_rules();
  panics("null-pointer", "[    2.5] Internal error: Oops - BUG: 00000000f2000800 [#1] SMP\n"
                         "[    2.5] pc : kdt_trigger_bug+0x0/0x4 [kdt_probe]\n");
  auto result = run();
  EXPECT_EQ(codes(result), "wrong-panic wrong-panic "); // its line, and where it stands
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_EQ(result.blame, Blame::kernel);
  EXPECT_EQ(result.findings.at(0).phase, Phase::trigger);
}

TEST_F(TriggeringTest, APanicOnAnotherCpuIsAFinding) {
  use_trigger_rules();
  cell_.parameters.trigger_cpu = 1;
  panics("panic", "[    2.5] Kernel panic - not syncing: kdt: asked to panic in a task on CPU 0\n");
  EXPECT_EQ(codes(run()), "wrong-panic ");
}

TEST_F(TriggeringTest, AKernelWithoutTheOptionIsASkipWithTheReason) {
  cell_.parameters.trigger = "sysrq-break";
  kernel_.config = directory_.path() / "config";
  write_file(kernel_.config, "CONFIG_MAGIC_SYSRQ=y\n# CONFIG_MAGIC_SYSRQ_SERIAL is not set\n");
  auto result = run();
  EXPECT_EQ(result.verdict, Verdict::skip);
  ASSERT_EQ(codes(result), "lacks-support ");
  EXPECT_THAT(result.findings.at(0).text, HasSubstr("without CONFIG_MAGIC_SYSRQ_SERIAL"));
}

TEST_F(TriggeringTest, AMachineThatCannotIsASkipInItsOwnWords) {
  cell_.parameters.trigger = "nmi";
  guest_.capture_events.clear();
  guest_.poked = [](machine::Poke what) {
    EXPECT_EQ(what, machine::Poke::nmi);
    return std::pair(std::optional<std::string>("QEMU refused inject-nmi: no"), Events{});
  };
  auto result = run();
  EXPECT_EQ(result.verdict, Verdict::skip);
  ASSERT_EQ(codes(result), "lacks-support ");
  EXPECT_THAT(result.findings.at(0).text, HasSubstr("QEMU refused inject-nmi"));
}

TEST_F(TriggeringTest, TheMachinePullsWhatTheGuestOnlyPrepares) {
  use_trigger_rules();
  cell_.parameters.trigger = "sysrq-break";
  auto events = std::move(guest_.capture_events);
  guest_.capture_events = {console("[    2.4] sysrq: Trigger a crash\n")};
  guest_.poked = [&](machine::Poke what) {
    EXPECT_EQ(what, machine::Poke::sysrq_crash);
    return std::pair(std::optional<std::string>(), events);
  };
  EXPECT_EQ(codes(run()), "");
  EXPECT_EQ(nlohmann::json::parse(guest_.asks.at("trigger"))["steps"].size(), 0U);
}

TEST_F(TriggeringTest, ATriggerThatTheGuestRefusesIsNoKernelFailure) {
  guest_.instead_of("trigger", 0,
                    [] { return Events{AgentLine{R"({"id":1,"error":"there is no /proc/kdt_probe/trigger"})"}}; });
  auto result = run();
  EXPECT_EQ(codes(result), "agent-error ");
  EXPECT_EQ(result.blame, Blame::tool);
}

TEST_F(TriggeringTest, ATriggerThatNobodyKnowsIsNoKernelFailure) {
  cell_.parameters.trigger = "kick";
  auto result = run();
  EXPECT_EQ(result.verdict, Verdict::error);
  EXPECT_EQ(result.blame, Blame::usage);
}

/// The capture kernel panics when it is told to.
Events second_panic() {
  return {AgentLine{R"({"id":1,"answer":{}})"},
          console("[    1.0] Kernel panic - not syncing: sysrq triggered crash\n")};
}

TEST_F(TriggeringTest, ASecondPanicThatARuleExpectsPasses) {
  cell_.parameters.capture_trigger = "sysrq-c";
  guest_.instead_of("trigger", 1, second_panic);
  use_rules("- {expect: {capture.panicked: true, capture.panic_line: {contains: sysrq}}, when: {capture.reached: "
            "true}, because: b, source: s}\n");
  auto result = run();
  EXPECT_EQ(codes(result), "");
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_EQ(outcome(result, Phase::save), "skipped");
}

TEST_F(TriggeringTest, ASecondPanicThatNobodyExpectsFails) {
  cell_.parameters.capture_trigger = "sysrq-c";
  guest_.instead_of("trigger", 1, second_panic);
  expect_only(run(), "capture-panic", Phase::capture, Verdict::fail);
}

TEST_F(TriggeringTest, ASecondPanicThatDoesNotComeIsJudgedAndDoesNotHang) {
  cell_.parameters.capture_trigger = "sysrq-c";
  guest_.instead_of("trigger", 1, [] { return Events{AgentLine{R"({"id":1,"answer":{}})"}}; });
  expect_only(run(), "panic-not-seen", Phase::capture, Verdict::fail);
}

TEST_F(TriggeringTest, ACaptureKernelThatMustNotComePassesWhenTheGuestIsStuck) {
  guest_.capture_events.pop_back(); // its hello
  use_rules("- {expect: {capture.reached: false, capture.stuck_in: other}, when: {panic.seen: true}, because: b, "
            "source: s}\n");
  auto result = run();
  EXPECT_EQ(codes(result), "");
  EXPECT_EQ(result.verdict, Verdict::pass);
  start_again(); // and fails when it does come
  EXPECT_EQ(codes(run()).substr(0, 11), "expectation");
}

TEST_F(TriggeringTest, ACaptureKernelThatIsStuckElsewhereThanExpectedFails) {
  guest_.capture_events.pop_back();
  use_rules("- {expect: {capture.reached: false, capture.stuck_in: purgatory}, when: {panic.seen: true}, because: b, "
            "source: s}\n");
  EXPECT_EQ(codes(run()), "expectation ");
}

/// The dump's log says that the kernel panicked so.
vmcore::Report dump_with_log(const vmcore::Subject& subject, const std::string& panic) {
  write_file(subject.assembled, "a dump");
  write_file(subject.log, "[    2.0] Internal error: Oops: 96000045 [#1] SMP\n[    2.1] " + panic + "\n");
  vmcore::Report report;
  report.vmcore = subject.assembled;
  report.log = subject.log;
  return report;
}

TEST_F(TriggeringTest, APanicThatIsSilentAsARuleSaysIsFoundInTheDump) {
  use_trigger_rules();
  cell_.parameters.trigger = "overflow";
  guest_.capture_events.erase(guest_.capture_events.begin()); // what the console showed of the panic
  verify_ = [](const auto& subject) {
    return dump_with_log(subject, "Kernel panic - not syncing: kernel stack overflow");
  };
  auto result = run();
  EXPECT_EQ(codes(result), "");
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_EQ(result.observed.at("panic.seen"), Value(false));

  start_again();
  guest_.capture_events.erase(guest_.capture_events.begin());
  verify_ = [](const auto& subject) { return dump_with_log(subject, "Kernel panic - not syncing: sysrq"); };
  EXPECT_EQ(codes(run()), "wrong-panic ");
}

TEST_F(TriggeringTest, APanicThatIsSilentThoughNoRuleSaysSoIsAFinding) {
  guest_.capture_events.erase(guest_.capture_events.begin());
  auto result = run();
  ASSERT_EQ(codes(result), "panic-not-seen ");
  EXPECT_EQ(result.findings.at(0).text, "after 'sysrq-c' the capture kernel came up though the console showed no "
                                        "panic; likely cause: loglevel= or console= hides it");
  EXPECT_EQ(result.blame, Blame::usage);
  EXPECT_EQ(outcome(result, Phase::trigger), "failed");

  start_again(); // the console tells it before the agent's port does
  guest_.capture_events.erase(guest_.capture_events.begin());
  guest_.capture_events.insert(guest_.capture_events.end() - 1, console("kdt-agent: hello capture\n"));
  EXPECT_EQ(run().blame, Blame::usage);

  start_again(); // whereas a guest that never leaves the system kernel is the kernel's
  guest_.capture_events.clear();
  result = run();
  ASSERT_EQ(codes(result), "panic-not-seen ");
  EXPECT_THAT(result.findings.at(0).text, HasSubstr("no panic on the console after 'sysrq-c': for "));
  EXPECT_EQ(result.blame, Blame::kernel);
}

TEST_F(TriggeringTest, LoadsAreDoneInOrder) {
  cell_.parameters.loads = "load unload other";
  cell_.parameters.initramfs_size = ByteSize::mib(50);
  run();
  auto ask = nlohmann::json::parse(guest_.asks.at("load"));
  EXPECT_EQ(ask["operations"], nlohmann::json({"kexec_file_load", "unload", "kexec_load"}));
  EXPECT_EQ(ask["initramfs_size"], 50 << 20);
}

} // namespace kdt::run
