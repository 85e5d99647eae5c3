#include "run/timeouts.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

using machine::Accelerator;

namespace {
CellParameters of_memory(ByteSize memory) {
  CellParameters parameters;
  parameters.memory = memory;
  return parameters;
}
} // namespace

TEST(Timeouts, GrowWithMemoryEmulationAndScale) {
  auto small = of_memory(ByteSize::gib(2));
  auto large = of_memory(ByteSize::gib(256));
  auto base = timeouts_for(small, Accelerator::kvm, 1);
  EXPECT_GT(timeouts_for(large, Accelerator::kvm, 1).boot.silent, base.boot.silent);
  EXPECT_GT(timeouts_for(small, Accelerator::tcg, 1).boot.silent, base.boot.silent);
  EXPECT_EQ(timeouts_for(small, Accelerator::kvm, 2).capture.silent, base.capture.silent * 2);
}

TEST(Timeouts, LargePayloadIsHashedByKexecLoadOnly) {
  auto cell = of_memory(ByteSize::gib(1));
  auto with = [&](const char* loader, ByteSize payload) {
    cell.loader = loader;
    return timeouts_for(cell, Accelerator::tcg, 1, payload).capture.silent;
  };
  EXPECT_GT(with("kexec_load", ByteSize::mib(45)), with("kexec_load", ByteSize::mib(9)) + std::chrono::seconds(60));
  EXPECT_EQ(with("kexec_file_load", ByteSize::mib(45)), with("kexec_file_load", ByteSize::mib(9)));
}

TEST(Timeouts, LeaveRoomOverWhatWasMeasured) { // 256 GiB under TCG: 55 s to init, with RAM in a file
  auto large = timeouts_for(of_memory(ByteSize::gib(256)), Accelerator::tcg, 1);
  EXPECT_GT(large.boot.silent, std::chrono::seconds(3 * 55));
}

TEST(Timeouts, LeaveThePurgatoryTimeToHashALargePayload) { // 96 MiB were not hashed in 60 s
  CellParameters parameters = of_memory(ByteSize::gib(1));
  parameters.initramfs_size = ByteSize::mib(96);
  auto by_kernel = timeouts_for(parameters, Accelerator::tcg, 1).capture.silent;
  parameters.loader = "kexec_load";
  EXPECT_GT(timeouts_for(parameters, Accelerator::tcg, 1).capture.silent, by_kernel + std::chrono::seconds(96));
}

TEST(Timeouts, AGuestThatStandsStillIsFoundSoonWhateverItsSize) {
  for (auto memory : {ByteSize::gib(1), ByteSize::gib(256)}) {
    auto timeouts = timeouts_for(of_memory(memory), Accelerator::tcg, 1);
    for (const auto* patience : {&timeouts.boot, &timeouts.load, &timeouts.probe, &timeouts.panic, &timeouts.capture})
      EXPECT_EQ(patience->still, std::chrono::seconds(15));
  }
}

TEST(Timeouts, StillIsShorterThanSilentIsShorterThanMost) {
  for (auto accelerator : {Accelerator::tcg, Accelerator::kvm}) {
    auto timeouts = timeouts_for(of_memory(ByteSize::gib(1)), accelerator, 1);
    for (const auto* patience : {&timeouts.boot, &timeouts.answer, &timeouts.load, &timeouts.probe, &timeouts.panic,
                                 &timeouts.capture, &timeouts.save}) {
      EXPECT_LE(patience->still, patience->silent);
      EXPECT_LT(patience->silent, patience->most);
    }
  }
}

} // namespace kdt::run
