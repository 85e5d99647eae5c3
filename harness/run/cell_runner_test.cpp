#include "run/canaries.hpp"
#include "run/cell_runner_fixture.hpp"

#include <csignal>

namespace kdt::run {

using machine::Ended;
using machine::StateChange;

namespace {

Ended powered_off() {
  return {.status = {}, .words = ""};
}

} // namespace

TEST_F(CellRunnerTest, AWholeCellPasses) {
  auto result = run();
  EXPECT_EQ(codes(result), "");
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_EQ(result.observed.at("probe.before"), Value("lands"));
  EXPECT_EQ(result.observed.at("probe.segments"), Value("faults")); // kexec printed none: the probe told
  EXPECT_EQ(result.observed.at("probe.rest"), Value("lands"));
  EXPECT_EQ(result.observed.at("capture.release"), Value("6.1.192"));
  EXPECT_EQ(result.observed.at("save.exit_status"), Value(std::int64_t{0}));
  EXPECT_EQ(result.observed.at("grow.error"), Value("EINVAL"));
  EXPECT_EQ(result.observed.at("shrink_loaded.error"), Value("EINVAL"));
  EXPECT_FALSE(result.observed.contains("shrink.error")); // the cell does not ask for it
  for (const auto& phase : result.phases) EXPECT_EQ(phase.outcome, "done") << to_string(phase.phase);
  EXPECT_FALSE(fs::exists(directory_.path() / "cell" / "vmcore")); // it passed: nobody needs it
  EXPECT_TRUE(fs::exists(directory_.path() / "cell" / "cell.json"));
}

TEST_F(CellRunnerTest, KeepAllKeepsTheVmcore) {
  auto result = run(Keep::all);
  EXPECT_EQ(read_file(directory_.path() / "cell" / "vmcore"), "a dump");
  EXPECT_EQ(result.artifacts.at("vmcore"), "vmcore");
}

TEST_F(CellRunnerTest, QemuThatIsKilledIsAnInfraErrorInEachPhase) {
  using Case = std::tuple<const char*, int, Phase>;
  for (auto [ask, nth, phase] :
       {Case{"facts", 0, Phase::boot}, Case{"probe", 0, Phase::load}, Case{"load", 0, Phase::load},
        Case{"probe", 1, Phase::probe}, Case{"trigger", 0, Phase::trigger}, Case{"facts", 1, Phase::capture},
        Case{"save", 0, Phase::save}}) {
    guest_ = FakeGuest(KDT_SOURCE_DIR "/harness/guest/testdata/kexec_file_load.jsonl");
    guest_.instead_of(ask, nth, [] { return Events{killed(SIGKILL)}; });
    auto result = run();
    expect_only(result, "guest-lost", phase, Verdict::error);
    EXPECT_EQ(result.blame, Blame::infra) << ask;
  }
}

TEST_F(CellRunnerTest, QemuThatGetsNoMemoryIsTheHostsFault) {
  guest_.instead_of("facts", 0, [] {
    return Events{Ended{.status = {.code = 1, .signal = 0}, .words = "qemu-system-aarch64: Cannot allocate memory"}};
  });
  auto result = run();
  expect_only(result, "host-memory", Phase::boot, Verdict::error);
  EXPECT_EQ(result.blame, Blame::infra);
}

TEST_F(CellRunnerTest, AGuestThatNeverBootsIsAKernelFailure) {
  guest_.boot_events = {StateChange{"RESUME", ""}};
  guest_.boot_events.push_back(console("[    0.5] Kernel panic - not syncing: VFS: Unable to mount root fs\n"));
  expect_only(run(), "boot-panic", Phase::boot, Verdict::fail);
}

/// The answer of a kernel that has reserved nothing.
Events facts_without_reservation() {
  return {AgentLine{R"({"id":1,"answer":{"release":"r","build_id":"","cmdline":"","page_size":4096,"cpus_online":2,)"
                    R"("init_seconds":0.5,"mem_total":1,"page_tables":1,"iomem":[],"dmesg":[],"dmesg_cut":false}})"}};
}

TEST_F(CellRunnerTest, WithoutAReservationTheCellFails) {
  guest_.instead_of("facts", 0, facts_without_reservation);
  expect_only(run(), "reservation-missing", Phase::boot, Verdict::fail);
}

TEST_F(CellRunnerTest, ARequestThatIsRefusedAsARuleSaysPassesAndShowsTheMap) {
  use_rules("- {expect: {reservation.present: false, load.loaded: false}, because: b, source: s}\n");
  guest_.instead_of("facts", 0, facts_without_reservation);
  auto result = run();
  EXPECT_EQ(codes(result), "");
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_TRUE(result.observed.contains("map.all"));
  EXPECT_EQ(outcome(result, Phase::trigger), "skipped");
}

TEST_F(CellRunnerTest, ACellThatAsksForNoRegionIsABaselineWhereARuleSaysSo) {
  cell_.parameters.crashkernel.reset();
  use_rules("- {expect: {reservation.present: true}, because: b, source: s}\n");
  guest_.instead_of("facts", 0, facts_without_reservation);
  EXPECT_EQ(run().blame, Blame::usage); // somebody expects the opposite of what the matrix asks for
  use_rules("- {expect: {reservation.present: false}, because: b, source: s}\n");
  start_again();
  guest_.instead_of("facts", 0, facts_without_reservation);
  EXPECT_EQ(run().verdict, Verdict::pass);
}

TEST_F(CellRunnerTest, ACellThatIsToldNotToLoadIsABaselineWhereARuleSaysSo) {
  cell_.parameters.loader = "none";
  auto result = run();
  expect_only(result, "not-loaded", Phase::load, Verdict::error);
  EXPECT_EQ(result.blame, Blame::usage);
  use_rules("- {expect: {load.loaded: false}, because: b, source: s}\n");
  start_again();
  EXPECT_EQ(run().verdict, Verdict::pass);
}

TEST_F(CellRunnerTest, ARefusalThatNoRuleSpeaksOfIsNotBlamedOnTheKernel) {
  use_rules("- {expect: {reservation.present: false}, when: {version: \"5.10\"}, because: b, source: s}\n",
            "must_explain: [reservation.present]\n");
  guest_.instead_of("facts", 0, facts_without_reservation);
  auto result = run();
  EXPECT_EQ(codes(result), "unexplained ");
  EXPECT_EQ(result.blame, Blame::usage);
}

TEST_F(CellRunnerTest, AShrunkenRegionIsLoadedAndOneOfNoSizeIsNot) {
  auto shrinks = [this](const char* size) {
    start_again();
    guest_.instead_of("resize", 1, [size] {
      return Events{AgentLine{
          fmt::format(R"({{"id":0,"answer":{{"error":"","size":{},"regions":[{{"start":1048576,"last":2097151,)"
                      R"("name":"Crash kernel","depth":1}}]}}}})",
                      size)}};
    });
  };
  shrinks("134217728");
  cell_.parameters.shrink = ByteSize::mib(128);
  auto result = run();
  EXPECT_EQ(result.observed.at("shrink.error"), Value("none"));
  EXPECT_EQ(result.observed.at("shrink.kexec_crash_size"), Value(std::int64_t{128} << 20));
  EXPECT_EQ(result.observed.at("shrink.start"), Value(std::int64_t{1} << 20));
  EXPECT_EQ(outcome(result, Phase::verify), "done");
  shrinks("0");
  cell_.parameters.shrink = ByteSize{};
  result = run();
  EXPECT_EQ(outcome(result, Phase::probe), "skipped");
}

TEST_F(CellRunnerTest, AFailedLoadShowsWhatKexecSaid) {
  guest_.instead_of("load", 0, [] {
    return Events{AgentLine{R"({"id":3,"answer":{"exit_status":255,"loaded":false,"output":"Cannot assign",)"
                            R"("segments":[],"seconds":0.1}})"}};
  });
  auto result = run();
  expect_only(result, "load-failed", Phase::load, Verdict::fail);
  EXPECT_EQ(result.findings.front().evidence, std::vector<std::string>{"Cannot assign"});
}

TEST_F(CellRunnerTest, ASilentAgentFailsInThePhaseThatAsked) {
  guest_.instead_of("load", 0, [] { return Events{}; });
  auto result = run();
  expect_only(result, "agent-silent", Phase::load, Verdict::fail);
  EXPECT_TRUE(fs::exists(directory_.path() / "cell" / "post-mortem" / "registers.txt"));
  EXPECT_EQ(result.artifacts.at("post_mortem"), "post-mortem/summary.txt");
}

TEST_F(CellRunnerTest, WhatTheConsoleShowsIsNamedAsTheLikelyCause) {
  guest_.instead_of("save", 0, [] {
    return Events{console("[    9.0] Out of memory: Killed process 30 (makedumpfile) total-vm:1kB\n")};
  });
  auto result = run();
  expect_only(result, "save-stalled", Phase::save, Verdict::fail);
  EXPECT_NE(result.findings.front().text.find("likely cause: the kernel ran out of memory"), std::string::npos)
      << result.findings.front().text;
}

TEST_F(CellRunnerTest, AToolThatSaysWhyIsBlamedAccordingly) {
  guest_.instead_of("load", 0, [] {
    return Events{AgentLine{R"({"id":3,"answer":{"exit_status":255,"loaded":false,"output":"setup_2nd_dtb failed.\n",)"
                            R"("segments":[],"seconds":0.1}})"}};
  });
  auto result = run();
  EXPECT_EQ(codes(result), "load-failed ");
  EXPECT_EQ(result.blame, Blame::tool);
}

TEST_F(CellRunnerTest, AProbeThatCannotRunDoesNotKeepTheDumpFromBeingTaken) {
  for (int nth : {0, 1})
    guest_.instead_of("probe", nth, [nth] {
      return Events{AgentLine{fmt::format(R"({{"id":{},"error":"Exec format error"}})", nth == 0 ? 2 : 4)}};
    });
  auto result = run();
  EXPECT_EQ(codes(result), "probe-failed probe-failed ");
  EXPECT_EQ(outcome(result, Phase::verify), "done");
  EXPECT_EQ(result.verdict, Verdict::error); // nothing was learnt about protection
}

TEST_F(CellRunnerTest, AnOopsOutranksTheSilenceThatItCauses) {
  guest_.instead_of("load", 0, [] {
    return Events{console("[    1.0] Unable to handle kernel paging request at virtual address ffff000000000000\n")};
  });
  auto result = run();
  EXPECT_EQ(codes(result), "oops agent-silent ");
  EXPECT_EQ(result.findings.front().phase, Phase::load);
}

TEST_F(CellRunnerTest, AWarningFailsACellThatIsOtherwiseFine) {
  guest_.boot_events.push_back(console("[    0.1] WARNING: CPU: 0 PID: 1 at mm/x.c:1 f+0x0/0x10\n"));
  EXPECT_EQ(codes(run()), "oops ");
}

TEST_F(CellRunnerTest, AnOopsWhileProbingIsTheProbes) {
  guest_.instead_of("probe", 1, [] { return Events{console("[    1.0] Unable to handle kernel paging request\n")}; });
  EXPECT_EQ(run().findings.front().code, "probe-oops");
}

TEST_F(CellRunnerTest, APanicThatDoesNotShowIsAFailure) {
  guest_.capture_events.clear();
  expect_only(run(), "panic-not-seen", Phase::trigger, Verdict::fail);
}

TEST_F(CellRunnerTest, ACaptureKernelThatHangsIsAFailure) {
  guest_.capture_events.resize(2); // its banner, no hello
  expect_only(run(), "capture-timeout", Phase::capture, Verdict::fail);
}

TEST_F(CellRunnerTest, ACaptureKernelThatPanicsIsAFailure) {
  guest_.capture_events.back() = console("[    0.9] Kernel panic - not syncing: No working init found.\n");
  expect_only(run(), "capture-panic", Phase::capture, Verdict::fail);
}

TEST_F(CellRunnerTest, ARebootAfterThePanicIsAFailure) {
  guest_.capture_events.resize(1);
  guest_.capture_events.emplace_back(StateChange{"SHUTDOWN", "guest-reset"});
  guest_.capture_events.emplace_back(powered_off());
  auto result = run();
  expect_only(result, "reboot-without-capture", Phase::capture, Verdict::fail);
  EXPECT_NE(result.findings.front().text.find("panicked before it could print"), std::string::npos);
}

TEST_F(CellRunnerTest, AnAgentThatFindsNoPortIsNotTakenForAPanic) {
  guest_.capture_events.pop_back(); // no hello
  guest_.capture_events.push_back(console("kdt-agent: no port: it did not appear\nkdt-agent: power off\n"));
  guest_.capture_events.emplace_back(StateChange{"SHUTDOWN", "guest-shutdown"});
  guest_.capture_events.emplace_back(powered_off());
  auto result = run();
  expect_only(result, "agent-error", Phase::capture, Verdict::fail);
  EXPECT_EQ(result.findings.front().text, "the agent powered the guest off: no port: it did not appear");
}

TEST_F(CellRunnerTest, AConsoleThatFloodsFailsTheCellThoughTheDumpIsGood) {
  std::string flood;
  for (int i = 0; i < 600; ++i) flood += fmt::format("[    0.{:03}] nfs: server not responding\n", i);
  guest_.boot_events.push_back(console(flood));
  auto result = run();
  EXPECT_EQ(codes(result), "console-flood ");
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_EQ(outcome(result, Phase::boot), "failed");
  EXPECT_EQ(outcome(result, Phase::verify), "done");
}

TEST_F(CellRunnerTest, LinesThatRepeatAFewTimesAreNoFlood) {
  std::string lines;
  for (int i = 0; i < 600; ++i) lines += i % 300 == 0 ? "other\n" : "the same\n";
  guest_.boot_events.push_back(console(lines));
  EXPECT_EQ(codes(run()), "");
}

TEST_F(CellRunnerTest, AHostThatAsksQemuToQuitIsToBlame) {
  guest_.capture_events.resize(1);
  guest_.capture_events.emplace_back(StateChange{"SHUTDOWN", "host-signal"});
  guest_.capture_events.emplace_back(powered_off());
  expect_only(run(), "guest-lost", Phase::capture, Verdict::error);
}

TEST_F(CellRunnerTest, ADumpToolThatFailsIsBlamed) {
  guest_.instead_of("save", 0, [] {
    return Events{
        AgentLine{R"({"id":7,"answer":{"exit_status":1,"bytes":0,"seconds":1,"output":"VA Bits 52 not supported"}})"}};
  });
  auto result = run();
  expect_only(result, "save-failed", Phase::save, Verdict::fail);
  EXPECT_EQ(result.blame, Blame::tool);
}

TEST_F(CellRunnerTest, ACauseWithACodeOfItsOwnIsToldByIt) {
  guest_.instead_of("save", 0, [] {
    return Events{AgentLine{R"({"id":7,"answer":{"exit_status":1,"bytes":0,"seconds":1,)"
                            R"("output":"PAGE SIZE 0x1000 and VA Bits 52 not supported\nmakedumpfile Failed."}})"}};
  });
  expect_only(run(), "dump-tool-va-bits", Phase::save, Verdict::fail);
}

TEST_F(CellRunnerTest, KexecThatCouldNotDescribeMemoryIsToldOfAtOnceAndOfTheDump) {
  guest_.instead_of("load", 0, [] {
    return Events{AgentLine{R"({"id":3,"answer":{"exit_status":0,"loaded":true,"seconds":1,"segments":[],)"
                            R"("output":"Can't get the symbol of _text to calculate page_offset."}})"}};
  });
  guest_.instead_of("save", 0, [] {
    return Events{AgentLine{R"({"id":7,"answer":{"exit_status":1,"bytes":0,"seconds":1,"output":"readmem: Can't"}})"}};
  });
  auto result = run();
  EXPECT_EQ(codes(result), "kexec-no-text-symbol kexec-no-text-symbol ");
  EXPECT_EQ(result.blame, Blame::tool);
}

TEST_F(CellRunnerTest, ACompressionThatTheToolLacksIsAFinding) {
  guest_.instead_of("save", 0, [] {
    return Events{AgentLine{R"({"id":7,"answer":{"exit_status":0,"bytes":1,"seconds":1,)"
                            R"("output":"'-p' option is disabled, because this binary doesn't support snappy"}})"}};
  });
  auto result = run();
  EXPECT_EQ(codes(result), "compression-missing ");
  EXPECT_EQ(result.blame, Blame::tool);
}

TEST_F(CellRunnerTest, ACaptureKernelThatGoesAwayWhileItSavesIsLost) {
  guest_.instead_of("save", 0, [] { return Events{StateChange{"SHUTDOWN", "guest-reset"}, powered_off()}; });
  expect_only(run(), "capture-lost", Phase::save, Verdict::fail);
}

TEST_F(CellRunnerTest, AnEmulatorThatDoesNotAnswerIsNoFaultOfTheGuest) {
  guest_.monitor_answers = false;
  guest_.instead_of("load", 0, [] { return Events{}; });
  expect_only(run(), "guest-lost", Phase::load, Verdict::error);
}

TEST_F(CellRunnerTest, ASaveWithoutProgressIsStalled) {
  guest_.instead_of("save", 0, [] { return Events{}; });
  expect_only(run(), "save-stalled", Phase::save, Verdict::fail);
}

TEST_F(CellRunnerTest, AFullHostDiskIsAnInfraError) {
  guest_.instead_of("save", 0, [] { return Events{StateChange{"BLOCK_IO_ERROR", ""}, StateChange{"STOP", ""}}; });
  expect_only(run(Keep::all), "host-disk", Phase::save, Verdict::error);
  EXPECT_FALSE(fs::exists(directory_.path() / "cell" / "dump.img")); // half a dump only keeps the disk full
}

TEST_F(CellRunnerTest, AVmcoreThatIsNotTrueFailsAndIsKept) {
  verify_ = [](const vmcore::Subject& subject) {
    write_file(subject.assembled, "stale");
    vmcore::Report report;
    report.vmcore = subject.assembled;
    report.findings.push_back(make_finding("vmcore-other-run", "the nonce is not in it"));
    return report;
  };
  expect_only(run(), "vmcore-other-run", Phase::verify, Verdict::fail);
  EXPECT_TRUE(fs::exists(directory_.path() / "cell" / "vmcore"));
}

TEST_F(CellRunnerTest, AMachineThatCannotBeStartedIsAnInfraError) {
  kernel_.image = "/nonexistent/Image";
  auto result = run();
  expect_only(result, "infra", Phase::load, Verdict::error); // the size of the image is asked for there
  EXPECT_EQ(result.blame, Blame::infra);
}

TEST_F(CellRunnerTest, ADirectoryThatIsGoneIsAnInfraError) {
  fs::remove_all(directory_.path() / "cell");
  EXPECT_EQ(run().verdict, Verdict::error);
}

TEST_F(CellRunnerTest, FingerprintsDifferWithEveryParameter) {
  auto base = fingerprint(cell_, kernel_, "7.2");
  EXPECT_EQ(fingerprint(cell_, kernel_, "7.2"), base);
  EXPECT_NE(fingerprint(cell_, kernel_, "8.0"), base);
  auto other = cell_;
  other.parameters.rodata = "on";
  EXPECT_NE(fingerprint(other, kernel_, "7.2"), base);
  auto threads = cell_;
  threads.parameters.tcg_threads = "multi";
  EXPECT_NE(fingerprint(threads, kernel_, "7.2"), base);
  auto kernel = kernel_;
  kernel.build_id = "ab";
  EXPECT_NE(fingerprint(cell_, kernel, "7.2"), base);
}

TEST_F(CellRunnerTest, TheDumpIsVerifiedByTheCanariesThatWerePlanted) {
  EXPECT_EQ(run().verdict, Verdict::pass);
  EXPECT_EQ(expected_.canaries.size(), 6u);
  EXPECT_EQ(expected_.system_ram.size(), 1u);
  EXPECT_EQ(expected_.canary_key, canary_key(*expected_.nonce));
}

TEST_F(CellRunnerTest, WithoutCanariesTheDumpIsStillTakenAndTheCellIsAnError) {
  guest_.instead_of("canaries", 0, [] {
    return Events{AgentLine{R"({"id":0,"error":"cannot load /kdt_probe.ko: Operation not permitted"})"}};
  });
  auto result = run();
  EXPECT_EQ(codes(result), "canaries-failed ");
  EXPECT_EQ(result.verdict, Verdict::error);
  EXPECT_EQ(outcome(result, Phase::verify), "done");
  EXPECT_TRUE(expected_.canaries.empty());
}

TEST_F(CellRunnerTest, AKindOfCanariesThatCouldNotBePlantedIsNamed) {
  guest_.instead_of("canaries", 0, [] {
    return Events{AgentLine{
        R"({"id":0,"answer":{"canaries":[],"missing":["kernel near 0x40000000: no"],"iomem":[],"seconds":0}})"}};
  });
  EXPECT_EQ(run().findings.size(), canary_kinds().size());
}

} // namespace kdt::run
