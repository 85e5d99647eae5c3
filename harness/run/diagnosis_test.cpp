#include "run/diagnosis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::run {

using console::Stage;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

CpuState at(Code code, const std::string& symbol = "", bool waits = false) {
  return {.cpu = 0, .waits = waits, .chain = {{code, symbol}}};
}

Stuck after_the_panic(CpuState cpu) {
  return {.phase = Phase::capture, .stage = Stage::leaving, .cpus = {std::move(cpu)}};
}

} // namespace

TEST(LikelyCause, ACpuInPurgatoryMeansADamagedImage) {
  EXPECT_THAT(likely_cause(after_the_panic(at(Code::purgatory))), HasSubstr("spins for ever when the loaded segments"));
}

TEST(LikelyCause, ACaptureKernelThatIsIdleAndSilentHasAnotherConsole) {
  EXPECT_THAT(likely_cause(after_the_panic(at(Code::capture_kernel, "cpu_do_idle+0x8", true))),
              HasSubstr("its console= or loglevel= hides it"));
}

TEST(LikelyCause, ACaptureKernelThatStandsBeforeItCanPrint) {
  EXPECT_THAT(likely_cause(after_the_panic(at(Code::capture_kernel, "memblock_add_range+0x8"))),
              HasSubstr("stopped before it could print"));
}

TEST(LikelyCause, WhatTheConsoleShowsComesFirst) {
  const auto* oom = console::classify("Out of memory: Killed process 1 (x)", console::LineClass::Origin::kernel);
  ASSERT_NE(oom, nullptr);
  console::Sighting seen{oom, Stage::capture_kernel, "Out of memory: Killed process 1 (x)"};
  auto stuck = after_the_panic(at(Code::capture_kernel, "cpu_do_idle+0x8", true));
  stuck.trouble = &seen;
  EXPECT_THAT(likely_cause(stuck), StartsWith("the kernel ran out of memory"));
  EXPECT_THAT(likely_cause(stuck), HasSubstr("Killed process 1"));
}

TEST(LikelyCause, AProcessOneThatIsNotTheAgentExplainsItsSilence) {
  for (auto phase : {Phase::boot, Phase::capture}) {
    Stuck stuck{.phase = phase,
                .stage = phase == Phase::boot ? Stage::system_kernel : Stage::capture_kernel,
                .init = "/bin/busybox",
                .cpus = {at(Code::system_kernel, "cpu_do_idle+0x8", true)}};
    EXPECT_EQ(likely_cause(stuck), "PID 1 is /bin/busybox, not kdt's agent (rdinit= or init= on the command line)");
    stuck.hello = true; // whatever it is named, it is the agent
    EXPECT_THAT(likely_cause(stuck), Not(HasSubstr("busybox")));
  }
}

TEST(LikelyCause, AnIdleKernelIsToldByHowFarItCame) {
  Stuck stuck{.phase = Phase::boot, .cpus = {at(Code::system_kernel, "cpu_do_idle+0x8", true)}};
  stuck.init = "/init";
  EXPECT_THAT(likely_cause(stuck),
              StartsWith("the kernel is idle: it has started /init, which did not say hello (CPU"));
  stuck.hello = true;
  EXPECT_THAT(likely_cause(stuck),
              StartsWith("the kernel is idle: kdt's agent, its process 1, or a tool that it started"));
}

TEST(LikelyCause, SomeFunctionsTellByThemselves) {
  Stuck stuck{.phase = Phase::boot, .cpus = {at(Code::system_kernel, "__no_granule_support+0x8", true)}};
  EXPECT_THAT(likely_cause(stuck), StartsWith("the CPU model has no pages of the size"));
}

TEST(LikelyCause, IdleCpusTellThatSomethingIsWaitedFor) {
  Stuck stuck{.phase = Phase::boot, .cpus = {at(Code::system_kernel, "cpu_do_idle+0x8", true)}};
  EXPECT_THAT(likely_cause(stuck), StartsWith("all CPUs wait"));
}

TEST(LikelyCause, TheCpuThatRunsIsNamedAndThoseThatAreOffAreNot) {
  Stuck stuck{.phase = Phase::load,
              .cpus = {at(Code::system_kernel, "__invoke_psci_fn_hvc+0x1c"), at(Code::unknown),
                       at(Code::system_kernel, "cpu_do_idle+0x8", true), at(Code::system_kernel, "lkdtm_LOOP+0x4")}};
  EXPECT_EQ(likely_cause(stuck), "a CPU runs and does not get on: CPU 0 stands in the system kernel at lkdtm_LOOP+0x4");
}

TEST(LikelyCause, IsUnknownWhenNothingIsKnown) {
  EXPECT_EQ(likely_cause({}), "");
  EXPECT_EQ(likely_cause({.phase = Phase::boot, .cpus = {at(Code::unknown), at(Code::unknown, "", true)}}), "");
}

} // namespace kdt::run
