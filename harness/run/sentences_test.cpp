// What a finding says of a guest that went wrong: a reader who knows nothing of kdt learns which kernel it was, and how
// far it got.

#include "run/cell_runner_fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace kdt::run {

using machine::Ended;
using machine::StateChange;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class SentencesTest : public CellRunnerTest {
protected:
  /// Of the cell's first finding.
  std::string sentence() {
    auto result = run();
    return result.findings.empty() ? "" : result.findings.front().text;
  }
  void reserves_nothing() {
    guest_.instead_of("facts", 0, [] {
      return Events{
          AgentLine{R"({"id":1,"answer":{"release":"r","build_id":"","cmdline":"","page_size":4096,"cpus_online":2,)"
                    R"("init_seconds":0.5,"mem_total":1,"page_tables":1,"iomem":[],"dmesg":[],"dmesg_cut":false}})"}};
    });
  }
};

TEST_F(SentencesTest, NameTheRequestThatReservedNothing) {
  reserves_nothing();
  EXPECT_EQ(sentence(), "the kernel reserved no crash region for crashkernel=256M");
}

TEST_F(SentencesTest, SayThatNothingWasAskedFor) {
  reserves_nothing();
  cell_.parameters.crashkernel.reset();
  EXPECT_THAT(sentence(), StartsWith("no crash region was asked for"));
}

TEST_F(SentencesTest, TellWhichKernelPanicked) {
  guest_.boot_events = {StateChange{"RESUME", ""}};
  guest_.boot_events.push_back(console("[    0.5] Kernel panic - not syncing: VFS: Unable to mount root fs\n"));
  EXPECT_THAT(sentence(), StartsWith("the system kernel panicked: Kernel panic - not syncing: VFS"));
}

TEST_F(SentencesTest, TellThatTheCaptureKernelPanicked) {
  guest_.capture_events.back() = console("[    0.9] Kernel panic - not syncing: No working init found.\n");
  EXPECT_THAT(sentence(), StartsWith("the capture kernel panicked: Kernel panic - not syncing: No working init"));
}

TEST_F(SentencesTest, TellHowFarTheConsoleGot) {
  guest_.capture_events.resize(2); // its banner, no hello
  EXPECT_THAT(sentence(), HasSubstr("the console shows that the capture kernel was started"));
  start_again();
  guest_.capture_events.resize(1);
  EXPECT_THAT(sentence(), HasSubstr("the console ends where the system kernel jumps to the capture kernel"));
}

TEST_F(SentencesTest, SayWhatTheGuestDidToTheMachine) {
  guest_.capture_events.resize(1);
  guest_.capture_events.emplace_back(StateChange{"SHUTDOWN", "guest-reset"});
  guest_.capture_events.emplace_back(Ended{.status = {}, .words = ""});
  EXPECT_THAT(sentence(), StartsWith("the guest reset the machine in phase capture; likely cause: "));
}

TEST_F(SentencesTest, TellAnAgentThatNeverAnsweredFromOneThatStopped) {
  guest_.instead_of("facts", 0, [] { return Events{}; });
  EXPECT_THAT(sentence(), StartsWith("the agent said hello, then answered nothing, not even 'facts': for "));
  start_again();
  guest_.instead_of("load", 0, [] { return Events{}; });
  EXPECT_THAT(sentence(), StartsWith("the agent did not answer 'load': for "));
  start_again();
  guest_.instead_of("facts", 1, [] { return Events{}; });
  EXPECT_THAT(sentence(), StartsWith("the agent said hello, then answered nothing, not even 'facts': for "));
}

TEST_F(SentencesTest, NameAProcessOneThatIsNotTheAgent) {
  guest_.capture_events.back() = console("[    0.4] Run /bin/busybox as init process\n");
  auto result = run();
  EXPECT_THAT(result.findings.at(0).text, HasSubstr("; likely cause: PID 1 is /bin/busybox, not kdt's agent"));
  EXPECT_EQ(result.findings[0].blame, Blame::kernel) << "nobody asked for it";
  start_again();
  guest_.capture_events.back() = console("[    0.4] Run /bin/busybox as init process\n");
  cell_.parameters.capture_cmdline = "rdinit=/bin/busybox";
  EXPECT_EQ(run().findings.at(0).blame, Blame::usage);
}

TEST_F(SentencesTest, QuoteTheLineThatFloods) {
  std::string flood;
  for (int i = 0; i < 600; ++i) flood += fmt::format("[    0.{:03}] \x1b[2Jnfs{}\n", i, std::string(90, '!'));
  guest_.boot_events.push_back(console(flood));
  EXPECT_EQ(sentence(), "the console prints the same line without end: '\\x1b[2Jnfs" + std::string(70, '!') + "…'");
}

TEST_F(SentencesTest, HaveNoEvidenceWhenQemuSaidNothing) {
  guest_.instead_of("facts", 0, [] { return Events{killed(SIGKILL)}; });
  auto result = run();
  ASSERT_EQ(codes(result), "guest-lost ");
  EXPECT_THAT(result.findings.front().evidence, IsEmpty());
  EXPECT_EQ(result.findings.front().text,
            "QEMU ended with signal 9 (Killed) in phase boot; QEMU itself printed nothing");
  EXPECT_TRUE(result.observed.contains("host.memory_left"));
}

} // namespace kdt::run
