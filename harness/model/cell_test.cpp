#include "model/cell.hpp"

#include <gtest/gtest.h>

namespace kdt {
namespace {

TEST(SystemCmdline, IsEmptyWhenNothingIsAskedFor) {
  EXPECT_EQ(system_cmdline({}), "");
}

TEST(SystemCmdline, HoldsCrashkernelRodataAndTheCellsOwnWords) {
  CellParameters parameters;
  parameters.crashkernel = "256M";
  parameters.rodata = "full";
  parameters.cmdline = "maxcpus=1 quiet";
  EXPECT_EQ(system_cmdline(parameters), "crashkernel=256M rodata=full maxcpus=1 quiet");
}

TEST(SystemCmdline, GivesEveryFormOfCrashkernelItsOwnParameter) {
  CellParameters parameters;
  parameters.crashkernel = " 512M,high  64M,low ";
  EXPECT_EQ(system_cmdline(parameters), "crashkernel=512M,high crashkernel=64M,low");
}

} // namespace
} // namespace kdt
