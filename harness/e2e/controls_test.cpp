// Negative controls: a cell for each check, made so that this check and no other must fail.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Control {
  const char* name;    ///< for gtest and, as a word that no kernel knows, in the cell's id
  const char* setting; ///< YAML of the include entry
  const char* code;
  Phase phase;
  Blame blame;
};

// A kernel without its init: PID 1 is a busybox that only sleeps, so that everything but the agent is alive.
#define KDT_ONLY_SLEEPS "rdinit=/bin/busybox -- sleep 100000"
#define KDT_NO_INIT "rdinit=/nonexistent init=/nonexistent"

constexpr Control k_controls[] = {
    {"NoCrashKernelParameter", "crashkernel: none", "reservation-missing", Phase::boot, Blame::usage},
    {"NothingLoaded", "loader: none", "not-loaded", Phase::load, Blame::usage},
    {"CrashRegionTooSmall", "crashkernel: 1M", "load-failed", Phase::load, Blame::kernel},
    {"SystemKernelWithoutInit", "cmdline: '" KDT_NO_INIT "'", "boot-panic", Phase::boot, Blame::kernel},
    {"SystemKernelNeverReachesTheAgent", "cmdline: '" KDT_ONLY_SLEEPS "'", "boot-timeout", Phase::boot, Blame::usage},
    {"SystemAgentIsMute", "cmdline: kdt.mute", "agent-silent", Phase::boot, Blame::kernel},
    {"SystemAgentHasNoPort", "cmdline: kdt.noport", "agent-error", Phase::boot, Blame::tool},
    {"ConsoleFloods", "cmdline: kdt.flood", "console-flood", Phase::boot, Blame::kernel},
    {"PanicIsNotOnTheConsole", "cmdline: loglevel=0", "panic-not-seen", Phase::trigger, Blame::usage},
    {"CaptureKernelWithoutInit", "capture_cmdline: '" KDT_NO_INIT "'", "capture-panic", Phase::capture, Blame::kernel},
    {"CaptureKernelNeverReachesTheAgent", "capture_cmdline: '" KDT_ONLY_SLEEPS "'", "capture-timeout", Phase::capture,
     Blame::usage},
    {"CaptureKernelIsSilent", "capture_cmdline: 'loglevel=0 " KDT_ONLY_SLEEPS "'", "capture-timeout", Phase::capture,
     Blame::kernel},
    {"CaptureAgentIsMute", "capture_cmdline: kdt.mute", "agent-silent", Phase::capture, Blame::kernel},
    {"CaptureAgentHasNoPort", "capture_cmdline: kdt.noport", "agent-error", Phase::capture, Blame::tool},
};

/// All controls in one run: those that wait for a deadline need no processor while they do.
class Controls : public ::testing::TestWithParam<std::size_t> {
protected:
  static void SetUpTestSuite() {
    place_ = new Place;
    std::string matrix = "name: controls\n"
                         "kernels: [v6.1-dma]\n"
                         "defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M, rodata: full}\n"
                         "include:\n";
    for (const auto& control : k_controls) matrix += fmt::format("- {{{}}}\n", control.setting);
    outcome_ = new Outcome(run_kdt(*place_,
                                   {"run", place_->write("controls.yaml", matrix).string(), "-j", "4",
                                    "--timeout-scale", "0.5", "--out", "run", "--keep", "none"},
                                   k_run_budget));
    if (fs::exists(run_directory() / "run.json")) run_ = new RunResult(read_run(run_directory()));
  }
  static void TearDownTestSuite() {
    delete run_;
    delete outcome_;
    delete place_;
  }
  void SetUp() override { ASSERT_NE(run_, nullptr) << outcome_->out << outcome_->err; }

  static fs::path run_directory() { return place_->path() / "run"; }
  /// The cells are in the order of the matrix.
  static const CellResult& cell_of(std::size_t control) { return run_->cells.at(control); }

  static inline Place* place_ = nullptr;
  static inline Outcome* outcome_ = nullptr;
  static inline RunResult* run_ = nullptr;
};

TEST_P(Controls, FailsWithItsOwnFindingAndNoOther) {
  const auto& control = k_controls[GetParam()];
  const auto& cell = cell_of(GetParam());
  // What the matrix itself asks for is no fault of a kernel or a tool.
  EXPECT_EQ(cell.verdict, control.blame == Blame::usage ? Verdict::error : Verdict::fail) << findings_text(*run_);
  EXPECT_EQ(cell.blame, control.blame);
  ASSERT_FALSE(cell.findings.empty()) << cell.cell.id;
  const auto& finding = cell.findings.front();
  EXPECT_EQ(finding.code, control.code) << finding.text;
  EXPECT_EQ(finding.blame, control.blame) << finding.text;
  // That it is a flood shows a while after it began, and it may tear the line by which the panic is known.
  bool flood = finding.code == "console-flood";
  EXPECT_GE(finding.phase, control.phase) << to_string(finding.phase) << ": " << finding.text;
  EXPECT_LE(finding.phase, flood ? Phase::trigger : control.phase) << to_string(finding.phase);
  EXPECT_LE(cell.findings.size(), flood ? 2U : 1U) << findings_text(*run_);
}

TEST_P(Controls, SaysWhichPhaseItEndedIn) {
  auto failed = [](const PhaseResult& phase) { return phase.outcome == "failed"; };
  const auto& phases = cell_of(GetParam()).phases;
  EXPECT_TRUE(std::ranges::any_of(phases, failed)) << findings_text(*run_);
}

/// Whatever KASLR chose, in either kernel.
TEST_P(Controls, WhereAGuestThatSleepsStandsIsTold) {
  const auto& control = k_controls[GetParam()];
  const auto& cell = cell_of(GetParam());
  ASSERT_FALSE(cell.findings.empty());
  bool silent = std::string_view(control.setting).find("loglevel=0 ") != std::string_view::npos;
  constexpr const char* k_never_printed = "likely cause: the capture kernel runs and is idle though it never printed";
  constexpr const char* k_not_the_agent = "likely cause: PID 1 is /bin/busybox, not kdt's agent";
  EXPECT_EQ(cell.findings.front().text.find(k_never_printed) != std::string::npos, silent);
  if (std::string_view(control.setting).find("sleep") == std::string_view::npos) return;
  auto summary = read_file(run_directory() / "cells" / cell.cell.slug / "post-mortem" / "summary.txt");
  auto kernel = control.phase == Phase::boot ? "the system kernel" : "the capture kernel";
  EXPECT_THAT(summary, HasSubstr(fmt::format("waits in {} at cpu_do_idle+", kernel)));
  EXPECT_THAT(summary, HasSubstr("do_idle+"));
  EXPECT_THAT(cell.findings.front().text, HasSubstr(silent ? k_never_printed : k_not_the_agent));
}

TEST_P(Controls, AreOneRunThatExitsWithOneAndLeavesNothingLarge) {
  EXPECT_EQ(outcome_->status.code, 1) << outcome_->out;
  EXPECT_EQ(run_->cells.size(), std::size(k_controls));
  EXPECT_THAT(files_over(run_directory(), ByteSize::mib(40)), IsEmpty()); // a flooded console is cut before that
  EXPECT_THAT(files_below(place_->tmp()), IsEmpty());
  EXPECT_THAT(place_->processes(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(E2e, Controls, ::testing::Range(std::size_t{0}, std::size(k_controls)),
                         [](const auto& control) { return std::string(k_controls[control.param].name); });

constexpr const char* k_wrong_rules = R"(
rules:
- {id: WRONG-WORD, expect: {probe.segments: lands}, when: {loader: kexec_file_load}, because: nothing, source: a test}
)";
constexpr const char* k_judged = R"(
name: judged
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M}
include: [{loader: kexec_file_load}]
expectations: [wrong.yaml]
)";

TEST(E2eExpectation, ThatTheGuestDoesNotMeetFailsTheCell) {
  Place place;
  place.write("wrong.yaml", k_wrong_rules);
  auto outcome = run_kdt(
      place, {"run", place.write("judged.yaml", k_judged).string(), "--out", "run", "--keep", "none"}, k_run_budget);
  EXPECT_EQ(outcome.status.code, 1) << outcome.out << outcome.err;
  auto run = read_run(place.path() / "run");
  ASSERT_EQ(run.cells.size(), 1U);
  ASSERT_EQ(run.cells[0].findings.size(), 1U) << findings_text(run);
  EXPECT_EQ(run.cells[0].findings[0].code, "expectation");
  EXPECT_EQ(run.cells[0].findings[0].phase, Phase::probe);
  EXPECT_EQ(run.cells[0].findings[0].text, "probe.segments: expected lands, saw faults");
  EXPECT_FALSE(fs::exists(place.path() / "run/cells" / run.cells[0].cell.slug / "vmcore")); // --keep none
}

/// With the rules that the project ships.
TEST(E2eExpectation, OfARefusedRequestIsMet) {
  Place place;
  auto rules = fs::path(KDT_SOURCE_DIR) / "matrices/expectations/arm64.yaml";
  auto matrix = place.write(
      "refused.yaml", fmt::format("name: refused\nkernels: [v6.1-dma]\n"
                                  "defaults: {{kernel: v6.1-dma, memory: 1G, rodata: full}}\n"
                                  "include: [{{crashkernel: 64G}}, {{crashkernel: none}}, {{crashkernel: 900M}}]\n"
                                  "expectations: ['{}']\n",
                                  rules.string()));
  auto outcome = run_kdt(place, {"run", matrix.string(), "-j", "2", "--out", "run"}, k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  auto run = read_run(place.path() / "run");
  EXPECT_EQ(cell_with(run, "crashkernel=64G").verdict, Verdict::pass) << findings_text(run);
  EXPECT_EQ(cell_with(run, "crashkernel=none").verdict, Verdict::pass) << findings_text(run); // a baseline
  EXPECT_EQ(cell_with(run, "crashkernel=900M").verdict, Verdict::pass) << findings_text(run); // on the edge: in words
}

constexpr const char* k_silent_rules = R"(
must_explain: [reservation.present]
rules:
- {id: SILENT-ELSEWHERE, expect: {reservation.present: false}, when: {crashkernel.form: none}, because: nothing, source: a test}
)";
constexpr const char* k_unexplained = R"(
name: unexplained
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 64G}
include: [{rodata: full}]
expectations: [silent.yaml]
)";

/// The shipped rules speak of every request, so these do not.
TEST(E2eExpectation, ThatNoRuleSpeaksOfDoesNotPass) {
  Place place;
  place.write("silent.yaml", k_silent_rules);
  auto outcome =
      run_kdt(place, {"run", place.write("unexplained.yaml", k_unexplained).string(), "--out", "run"}, k_run_budget);
  EXPECT_EQ(outcome.status.code, 2) << outcome.out << outcome.err;
  auto run = read_run(place.path() / "run");
  ASSERT_EQ(run.cells.size(), 1U);
  EXPECT_EQ(run.cells[0].verdict, Verdict::error) << findings_text(run);
  ASSERT_FALSE(run.cells[0].findings.empty());
  EXPECT_EQ(run.cells[0].findings[0].code, "unexplained");
}

} // namespace
} // namespace kdt::e2e
