#include "base/error.hpp"
#include "pagetable/layout.hpp"

#include <gtest/gtest.h>

namespace kdt::pagetable {

namespace {
/// What v6.1 said in a guest of 2 GiB; each test bends one thing.
KernelNote note() {
  return {.page_size = 4096,
          .swapper_pg_dir = 0xffffc7350c966000,
          .kimage_voffset = 0xffffc734cc400000,
          .phys_offset = 0xffffaeca00000000,
          .va_bits = 48,
          .tcr_el1_t1sz = 16};
}
} // namespace

TEST(Layout, OfAKernelWithKaslr) {
  auto layout = layout_of(note());
  EXPECT_EQ(layout.root.value, 0x40566000U);
  EXPECT_EQ(layout.start, 0xffff000000000000U);
  EXPECT_EQ(layout.end, 0xffff800000000000U);
  EXPECT_EQ(layout.virtual_of({0x40000000}), 0xffff513640000000U);
  EXPECT_EQ(layout.physical(0xffff513640000000), PhysAddr{0x40000000});
}

TEST(Layout, Of52BitsOnHardwareWith48) {
  auto kernel = note();
  kernel.va_bits = 52;
  // arm64_memblock_init moves PHYS_OFFSET, so that PAGE_OFFSET stays that of 52 bits.
  kernel.phys_offset = 0x40000000 - (0xffff000000000000 - 0xfff0000000000000);
  auto layout = layout_of(kernel);
  EXPECT_EQ(layout.start, 0xffff000000000000U);
  EXPECT_EQ(layout.end, 0xffff800000000000U);
  EXPECT_EQ(layout.virtual_of({0x40000000}), 0xffff000000000000U);
  EXPECT_EQ(layout.root.value, 0x40566000U); // 4K: a level less, the same root
}

TEST(Layout, Of64KPagesWith52BitsOnHardwareWith48UsesTheEndOfTheRoot) {
  auto kernel = note();
  kernel.page_size = 65536;
  kernel.va_bits = 52;
  EXPECT_EQ(layout_of(kernel).root.value, 0x40566000U + 960 * 8);
  kernel.tcr_el1_t1sz = 12;
  EXPECT_EQ(layout_of(kernel).root.value, 0x40566000U);
}

TEST(Layout, Of16KPagesWith52BitsEndsWhere47BitsDo) {
  auto kernel = note();
  kernel.page_size = 16384;
  kernel.va_bits = 52;
  kernel.tcr_el1_t1sz = 17;
  auto layout = layout_of(kernel);
  EXPECT_EQ(layout.va_bits, 47U);
  EXPECT_EQ(layout.end, 0xffffc00000000000U);
}

TEST(Layout, RefusesWhatNoArm64KernelSays) {
  for (auto page : {0ULL, 1ULL, 8192ULL, 1ULL << 63}) {
    auto kernel = note();
    kernel.page_size = page;
    EXPECT_THROW(layout_of(kernel), Error) << page;
  }
  for (auto t1sz : {0ULL, 11ULL, 29ULL, 64ULL, ~0ULL}) {
    auto kernel = note();
    kernel.tcr_el1_t1sz = t1sz;
    EXPECT_THROW(layout_of(kernel), Error) << t1sz;
  }
  for (auto bits : {0ULL, 47ULL, 53ULL, ~0ULL}) {
    auto kernel = note();
    kernel.va_bits = bits;
    EXPECT_THROW(layout_of(kernel), Error) << bits;
  }
}

} // namespace kdt::pagetable
