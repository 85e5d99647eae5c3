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

} // namespace kdt::matrix
