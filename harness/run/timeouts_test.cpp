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
  EXPECT_GT(timeouts_for(large, Accelerator::kvm, 1).boot, base.boot);
  EXPECT_GT(timeouts_for(small, Accelerator::tcg, 1).boot, base.boot);
  EXPECT_EQ(timeouts_for(small, Accelerator::kvm, 2).capture, base.capture * 2);
}

TEST(Timeouts, LeaveRoomOverWhatWasMeasured) { // 256 GiB under TCG: 55 s to init, with RAM in a file
  auto large = timeouts_for(of_memory(ByteSize::gib(256)), Accelerator::tcg, 1);
  EXPECT_GT(large.boot, std::chrono::seconds(3 * 55));
}

} // namespace kdt::run
