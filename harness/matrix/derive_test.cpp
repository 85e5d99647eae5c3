#include "matrix/derive.hpp"

#include <gtest/gtest.h>

namespace kdt::matrix {

namespace {
CellParameters cell_with(const std::string& cmdline = "") {
  CellParameters cell;
  cell.kernel = "k";
  cell.cmdline = cmdline;
  return cell;
}
Facts facts_of(CellParameters cell, bool zone_dma = true) {
  return derive(cell, {{"zone_dma", zone_dma},
                       {"pa_bits", std::int64_t{48}},
                       {"kfence", std::string("late")},
                       {"kfence_interval", std::int64_t{0}}});
}
std::string text(const Facts& facts, const char* name) {
  const auto* value = find(facts, name);
  return value == nullptr ? "-" : to_string(*value);
}
std::int64_t number(const Facts& facts, const char* name) {
  const auto* value = find(facts, name);
  return value == nullptr ? -1 : std::get<std::int64_t>(*value);
}
} // namespace

TEST(Derive, LaysOutTheMemoryOfVirt) {
  auto cell = cell_with();
  EXPECT_EQ(number(facts_of(cell), "ram_end"), 0xc0000000);
  EXPECT_EQ(number(facts_of(cell), "dma_limit"), 0xc0000000);
  cell.memory = ByteSize::gib(8);
  EXPECT_EQ(number(facts_of(cell), "ram_end"), 0x240000000);
  EXPECT_EQ(number(facts_of(cell), "dma_limit"), 0x100000000);
  EXPECT_EQ(number(facts_of(cell, false), "dma_limit"), 0x240000000);
  EXPECT_EQ(number(facts_of(cell), "phys_top"), std::int64_t{1} << 48);
}

TEST(Derive, ReadsTheWholeCommandLine) {
  auto cell = cell_with("mem=2G nokaslr crashkernel=512M,high");
  cell.memory = ByteSize::gib(4);
  cell.crashkernel = "256M";
  auto facts = facts_of(cell);
  EXPECT_EQ(number(facts, "ram_end"), 0xc0000000);
  EXPECT_EQ(text(facts, "nokaslr"), "true");
  EXPECT_EQ(text(facts, "rodata"), "unset");
  EXPECT_EQ(text(facts, "crashkernel.form"), "plain+high");
  EXPECT_EQ(number(facts, "crashkernel.size"), 256 << 20);
  cell.rodata = "full";
  EXPECT_EQ(text(facts_of(cell), "rodata"), "full");
}

TEST(Derive, KnowsWhenKfenceMakesItsPool) {
  auto cell = cell_with();
  EXPECT_EQ(text(facts_of(cell), "kfence"), "late");
  cell.cmdline = "kfence.sample_interval=100";
  EXPECT_EQ(text(facts_of(cell), "kfence"), "early");
  EXPECT_EQ(text(derive(cell, {{"kfence", std::string("off")}}), "kfence"), "off");
  EXPECT_EQ(text(derive(cell, {}), "kfence"), "-");
}

TEST(Derive, SaysNothingOfWhatTheKernelDoesNotTell) {
  auto facts = derive(cell_with(), {});
  EXPECT_EQ(text(facts, "dma_limit"), "-");
  EXPECT_EQ(text(facts, "phys_top"), "-");
}

TEST(Derive, KnowsDebugPageallocWhenTheDefaultTells) {
  auto with = [](const char* words, bool by_default) {
    return text(derive(cell_with(words), {{"debug_pagealloc", by_default}}), "debug_pagealloc");
  };
  EXPECT_EQ(with("", true), "true");
  EXPECT_EQ(with("debug_pagealloc=off", true), "false");
  EXPECT_EQ(with("debug_pagealloc=on", true), "true");
  EXPECT_EQ(with("debug_pagealloc=on", false), "-");
}

TEST(Derive, CountsThePageTablesOfAMapAtBasePages) {
  auto cell = cell_with();
  cell.memory = ByteSize::gib(4);
  EXPECT_EQ(number(facts_of(cell), "page_map_tables"), 8212 << 10); // as 6.1 guests have it: 2048 + 4 + 1 tables
  cell.memory = ByteSize::gib(1);
  cell.crashkernel = "256M";
  EXPECT_EQ(number(facts_of(cell), "page_map_tables"), 2056 << 10);
  EXPECT_EQ(number(facts_of(cell), "page_map_region"), (128 + 1 + 1) << 12);
  auto other = derive(cell, {{"page_size", std::int64_t{65536}}, {"va_bits", std::int64_t{42}}});
  EXPECT_EQ(number(other, "page_map_tables"), 2 << 16); // one table maps 512 MiB, and the root is next
}

TEST(Derive, LeavesRoomForWhatIsTakenBefore) { // kernel-facts: 6.1 with zone DMA reserves below it
  auto cell = cell_with();
  cell.memory = ByteSize::gib(64);
  EXPECT_GT(number(facts_of(cell), "boot_use"), 0x1040000000 - 0xff7e00000);
  EXPECT_LT(number(facts_of(cell), "boot_use"), 2 * (0x1040000000 - 0xff7e00000));
}

TEST(Derive, TellsWhatLiesWhereABaseIsAskedFor) {
  auto cell = cell_with();
  cell.memory = ByteSize::gib(4);
  auto window = [&](const char* crashkernel) {
    cell.crashkernel = crashkernel;
    return text(facts_of(cell), "crashkernel.window");
  };
  EXPECT_EQ(window("256M@0x60000000"), "free");
  EXPECT_EQ(window("256M@0x48000000"), "taken");   // the initramfs
  EXPECT_EQ(window("256M@0x40000000"), "taken");   // the Image
  EXPECT_EQ(window("256M@0x41000000"), "taken");   // ends behind the initramfs' start
  EXPECT_EQ(window("64M@0x41000000"), "unsure");   // how large the Image is, the plan does not know
  EXPECT_EQ(window("64M@0x4c000000"), "unsure");   // nor the initramfs
  EXPECT_EQ(window("256M@0x130000000"), "unsure"); // page tables and struct pages may be there
  EXPECT_EQ(window("256M@0x138000000"), "outside");
  EXPECT_EQ(window("256M@0x30000000"), "outside");
  EXPECT_EQ(window("8E@0x60000000"), "outside"); // far behind the end
  EXPECT_EQ(window("256M"), "-");
}

TEST(Derive, KnowsTheLargestHoleThatImageAndInitramfsLeave) {
  auto cell = cell_with();
  cell.memory = ByteSize::gib(1);
  EXPECT_EQ(number(facts_of(cell), "hole"), 896 << 20); // behind the start of the initramfs
  EXPECT_EQ(number(facts_of(cell), "hole_low"), 896 << 20);
  cell.memory = ByteSize::gib(5);
  EXPECT_EQ(number(facts_of(cell), "hole_low"), std::int64_t{2944} << 20);
  EXPECT_EQ(number(facts_of(cell), "hole"), std::int64_t{4992} << 20);
  EXPECT_EQ(number(facts_of(cell, false), "hole_low"), std::int64_t{4992} << 20);
  cell.memory = ByteSize::mib(200); // the initramfs is in the middle
  EXPECT_EQ(number(facts_of(cell), "hole"), 100 << 20);
  cell.memory = ByteSize::gib(1);
  cell.cmdline = "mem=300M"; // QEMU does not read it
  EXPECT_EQ(number(facts_of(cell), "hole"), 172 << 20);
  cell.cmdline = "mem=100M";
  EXPECT_EQ(number(facts_of(cell), "hole"), 98 << 20); // between the Image and the end
  cell.cmdline = "mem=1M";
  EXPECT_EQ(number(facts_of(cell), "hole"), 0);
}

TEST(Derive, CountsWhatIsAskedForUpToTheEndOfItsType) {
  auto cell = cell_with();
  cell.crashkernel = "0xffffffffffffffff@0xfffffffffff00000";
  auto facts = facts_of(cell);
  EXPECT_EQ(number(facts, "crashkernel.size"), 0x7ffffffffff00000);
  EXPECT_EQ(number(facts, "crashkernel.base"), 0x7ffffffffff00000);
  EXPECT_EQ(text(facts, "crashkernel.window"), "outside");
}

TEST(Derive, KnowsWhatIsLeftToLoadInto) {
  auto cell = cell_with();
  cell.crashkernel = "256M";
  EXPECT_EQ(number(facts_of(cell), "crashkernel.remaining"), 256 << 20);
  EXPECT_EQ(number(facts_of(cell), "shrink"), -1);
  cell.shrink = ByteSize::mib(128);
  EXPECT_EQ(number(facts_of(cell), "crashkernel.remaining"), 128 << 20);
  cell.shrink = ByteSize::mib(512);
  EXPECT_EQ(number(facts_of(cell), "crashkernel.remaining"), 256 << 20);
}

} // namespace kdt::matrix
