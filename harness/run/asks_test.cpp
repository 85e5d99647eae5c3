#include "run/asks.hpp"

#include <gtest/gtest.h>

namespace kdt::run {
namespace {

TEST(Asks, TheCellsWordsComeAfterThoseOfEveryGuest) {
  CellParameters parameters;
  parameters.crashkernel = "256M";
  parameters.capture_cmdline = "nr_cpus=1";
  EXPECT_EQ(system_kernel_cmdline(parameters), "console=ttyAMA0 panic=1 crashkernel=256M");
  EXPECT_EQ(capture_kernel_cmdline(parameters), "console=ttyAMA0 panic=1 maxcpus=1 reset_devices nr_cpus=1");
}

TEST(Asks, TheGuestFindsItsDisksBySerialNumber) {
  Cell cell;
  cell.slug = std::string(300, 'x');
  auto spec = machine_spec(
      cell, machine::Accelerator::tcg,
      {.kernel = "K", .initramfs = "I", .disks = {{.serial = "kdt-dump", .file = "D", .read_only = false}}});
  ASSERT_EQ(spec.drives.size(), 3U);
  EXPECT_EQ(spec.drives[0].serial, "kdt-dump");
  EXPECT_FALSE(spec.drives[0].read_only);
  EXPECT_EQ(spec.drives[1].file, "K");
  EXPECT_EQ(spec.drives[2].file, "I");
  EXPECT_LE(spec.name.size(), 104U);
  EXPECT_FALSE(spec.thread_per_cpu);
  cell.parameters.tcg_threads = "multi";
  EXPECT_TRUE(machine_spec(cell, machine::Accelerator::tcg, {}).thread_per_cpu);
}

TEST(Asks, WhatIsLoadedHasTheSizeOfItsFiles) {
  CellParameters parameters;
  parameters.initramfs_size = ByteSize::mib(100);
  auto ask = load_ask(parameters, {1000}, {2000});
  EXPECT_EQ(ask.image_bytes, 1000U);
  EXPECT_EQ(ask.initramfs_bytes, 2000U);
  EXPECT_EQ(ask.initramfs_size, ByteSize::mib(100).bytes);
}

} // namespace
} // namespace kdt::run
