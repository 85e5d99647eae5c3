#include "base/file.hpp"
#include "base/text.hpp"
#include "console/boot_tracker.hpp"

#include <gtest/gtest.h>

namespace kdt::console {

namespace {
BootTracker follow(std::initializer_list<const char*> lines) {
  BootTracker tracker;
  for (const char* line : lines) tracker.feed(line);
  return tracker;
}

constexpr const char* k_first = "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]";
constexpr const char* k_crash = "[    2.551302] Kernel panic - not syncing: sysrq triggered crash";
} // namespace

TEST(BootTracker, SecondBannerAfterPanicMeansCaptureKernel) {
  auto tracker = follow({k_first, k_crash, "[    2.6] Starting crashdump kernel...", "[    2.6] Bye!", k_first});
  EXPECT_EQ(tracker.stage(), Stage::capture_kernel);
  EXPECT_EQ(tracker.banners(), 2);
  EXPECT_EQ(tracker.panic_line(), "Kernel panic - not syncing: sysrq triggered crash");
}

TEST(BootTracker, SecondBannerWithoutPanicIsAReboot) {
  auto tracker = follow({k_first, k_first});
  EXPECT_EQ(tracker.stage(), Stage::system_kernel);
  EXPECT_EQ(tracker.panic_line(), "");
}

TEST(BootTracker, APanicOfTheCaptureKernelIsToldApart) {
  auto tracker = follow({k_first, k_crash, k_first, "[    0.9] Kernel panic - not syncing: No working init found."});
  EXPECT_EQ(tracker.stage(), Stage::capture_panicked);
  EXPECT_EQ(tracker.capture_panic_line(), "Kernel panic - not syncing: No working init found.");
  EXPECT_EQ(tracker.panic_line(), "Kernel panic - not syncing: sysrq triggered crash");
}

TEST(BootTracker, AnOopsThatGoesStraightToTheCaptureKernelIsThePanic) {
  auto tracker = follow({k_first, "[    1.0] Unable to handle kernel NULL pointer dereference at virtual address 0",
                         "[    1.0] Internal error: Oops: 96000045 [#1] SMP", "[    1.1] Starting crashdump kernel...",
                         "[    1.1] Bye!", k_first, "[    0.0] Linux version 6.1.192 (a@b)"});
  EXPECT_EQ(tracker.stage(), Stage::capture_kernel);
  EXPECT_EQ(tracker.panic_line(), "Internal error: Oops: 96000045 [#1] SMP");
  EXPECT_EQ(tracker.capture_banner(), "Linux version 6.1.192 (a@b)");
  EXPECT_EQ(follow({k_first, "[    1.1] Starting crashdump kernel..."}).stage(), Stage::system_kernel);
  EXPECT_EQ(follow({k_first, "[    0.0] Linux version 6.1.192 (a@b)"}).capture_banner(), "");
}

TEST(BootTracker, ACaptureKernelIsKnownByItsAgentWhenThePanicWasSilent) {
  auto tracker = follow({k_first, "kdt-agent: hello system", k_first, "kdt-agent: hello capture"});
  EXPECT_EQ(tracker.stage(), Stage::capture_kernel);
  EXPECT_EQ(tracker.panic_line(), "");
  tracker.feed("[    0.9] Kernel panic - not syncing: No working init found.");
  EXPECT_EQ(tracker.stage(), Stage::capture_panicked);
}

TEST(BootTracker, KnowsWhatTheKernelThatItShowsRunsAsProcessOne) {
  auto tracker = follow({k_first, "[    0.5] Run /init as init process", "[    0.6] Run /bin/busybox as init process"});
  EXPECT_EQ(tracker.init(), "/bin/busybox");     // rdinit= could not be run
  tracker.feed("Run /bin/liar as init process"); // a program's words
  EXPECT_EQ(tracker.init(), "/bin/busybox");
  tracker.feed(k_crash);
  EXPECT_EQ(tracker.init(), "") << "that kernel runs no program any more";
  tracker.feed(k_first);
  tracker.feed("[    0.5] Run /init as init process");
  EXPECT_EQ(tracker.init(), "/init");
  EXPECT_EQ(follow({k_first, "[    0.5] Run  as init process", "[    0.5] Run as init process"}).init(), "");
}

TEST(BootTracker, WordsInsideALineAreNotAPanic) {
  auto tracker = follow({k_first, "[    1.0] kdt: somebody wrote Kernel panic - not syncing here",
                         "[    1.0] Kernel command line: Booting Linux on physical CPU"});
  EXPECT_EQ(tracker.stage(), Stage::system_kernel);
  EXPECT_EQ(tracker.banners(), 1);
}

TEST(BootTracker, KeepsOopsesAndWarnings) {
  auto tracker =
      follow({k_first, "[    1.0] Unable to handle kernel paging request at virtual address ffff000000000000",
              "[    1.1] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x0/0x10"});
  EXPECT_EQ(tracker.complaints().size(), 2U);
  EXPECT_TRUE(follow({k_first, "[    1.0] all is well"}).complaints().empty());
}

TEST(BootTracker, WhatCarriesNoStampIsNotTheWordOfAKernelThatStamps) {
  EXPECT_TRUE(follow({k_first, "BUG: says a script"}).complaints().empty());
  EXPECT_EQ(follow({"Booting Linux on physical CPU 0x0", "BUG: says the kernel"}).complaints().size(), 1U);
}

TEST(BootTracker, AProgramThatPrintsWhatAPanicPrintsMovesNothing) {
  auto tracker = follow({k_first, "Kernel panic - not syncing: says a script", "Starting crashdump kernel..."});
  EXPECT_EQ(tracker.stage(), Stage::system_kernel);
  EXPECT_EQ(tracker.panic_line(), "");
  tracker = follow({k_first, k_crash, "Bye!"});
  EXPECT_EQ(tracker.stage(), Stage::panicked);
  tracker = follow({"Booting Linux on physical CPU 0x0", "Kernel panic - not syncing: printk.time=0"});
  EXPECT_EQ(tracker.stage(), Stage::panicked);
}

TEST(BootTracker, EvidenceIsSightedButIsNoComplaint) {
  auto tracker = follow({k_first, "[    9.0] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [x:1]"});
  EXPECT_TRUE(tracker.complaints().empty());
  ASSERT_EQ(tracker.sightings().size(), 1U);
  EXPECT_EQ(tracker.sightings()[0].what->name, "soft-lockup");
}

TEST(BootTracker, TheMostTellingTroubleIsOfTheKernelInQuestion) {
  auto tracker = follow({k_first, "[    1.0] Initramfs unpacking failed: write error", k_crash, k_first,
                         "[    1.0] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x0/0x10",
                         "[    2.0] Out of memory: Killed process 30 (x)"});
  EXPECT_EQ(tracker.most_telling(Stage::firmware)->what->name, "initramfs-no-room");
  EXPECT_EQ(tracker.most_telling(Stage::panicked)->what->name, "out-of-memory");
  EXPECT_EQ(tracker.most_telling(Stage::capture_panicked), nullptr);
}

TEST(BootTracker, ManyOopsesDoNotGrowWithoutEnd) {
  BootTracker tracker;
  for (int i = 0; i < 1000; ++i) tracker.feed("BUG: again");
  EXPECT_LE(tracker.complaints().size(), 50U);
  EXPECT_EQ(tracker.sightings().size(), 1U);
}

TEST(BootTracker, FollowsARecordedRun) {
  BootTracker tracker;
  std::vector<std::string> stages;
  for (const auto& line : split(read_file(KDT_TESTDATA "/v6.1-sysrq.console"), '\n'))
    for (const auto& note : tracker.feed(line))
      if (note.kind == Note::Kind::stage) stages.emplace_back(to_string(note.stage));
  EXPECT_EQ(stages, (std::vector<std::string>{"system_kernel", "panicked", "leaving", "capture_kernel"}));
  EXPECT_TRUE(tracker.complaints().empty());
}

TEST(WithoutTimestamp, StripsPrintkPrefixesOnly) {
  EXPECT_EQ(without_timestamp("[    1.234567] text"), "text");
  EXPECT_EQ(without_timestamp("[    1.234567][    T1] text"), "text");
  EXPECT_EQ(without_timestamp("[text] more"), "[text] more");
  EXPECT_EQ(without_timestamp("plain"), "plain");
}

} // namespace kdt::console
