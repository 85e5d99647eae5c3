#include "vmcore/coverage.hpp"

#include <gmock/gmock.h>

using namespace kdt;
using namespace kdt::vmcore;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

using Ranges = std::vector<PhysRange>;

const Ranges k_ram{{{0x40000000}, {0x140000000}}};
const Ranges k_crash{{{0xfc000000}, {0x100000000}}, {{0x12b600000}, {0x13b600000}}}; // a companion, and the region
const Ranges k_whole{{{0x40000000}, {0xfc000000}}, {{0x100000000}, {0x12b600000}}, {{0x13b600000}, {0x140000000}}};

std::vector<std::string> codes(const Ranges& dump, const Ranges& ram = k_ram, const Ranges& crash = k_crash) {
  std::vector<std::string> codes;
  for (const auto& finding : judge_coverage(dump, ram, crash, 4096)) codes.push_back(finding.code);
  return codes;
}

} // namespace

TEST(Coverage, AcceptsAllOfRamWithoutTheCrashRegions) {
  EXPECT_THAT(codes(k_whole), IsEmpty());
  EXPECT_THAT(codes(k_ram, k_ram, {}), IsEmpty());
}

TEST(Coverage, NamesAMissingBankAPieceAndAPage) {
  EXPECT_THAT(codes({k_whole[0], k_whole[1]}), ElementsAre("vmcore-memory-missing"));
  EXPECT_THAT(codes({k_whole[0], k_whole[2]}), ElementsAre("vmcore-memory-missing"));
  auto page = k_whole;
  page[2].end.value -= 4096;
  auto findings = judge_coverage(page, k_ram, k_crash, 4096);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].evidence, ElementsAre("0x13ffff000-0x140000000 (4K)"));
}

TEST(Coverage, NamesPagesOfEitherCrashRegionAndWhatIsNoRam) {
  EXPECT_THAT(codes(k_ram), ElementsAre("vmcore-memory-foreign"));
  auto low = k_whole;
  low[0].end = {0xfc001000};
  auto findings = judge_coverage(low, k_ram, k_crash, 4096);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].text, HasSubstr("has 4.1 kB that it should not have, 4.1 kB of them of a crash region"));
  auto beyond = k_whole;
  beyond[2].end = {0x150000000};
  EXPECT_THAT(codes(beyond), ElementsAre("vmcore-memory-foreign"));
}

TEST(Coverage, AShiftedBankIsBothMissingAndForeign) {
  auto shifted = k_whole;
  shifted[2] = {{0x13b601000}, {0x140001000}};
  EXPECT_THAT(codes(shifted), ElementsAre("vmcore-memory-missing", "vmcore-memory-foreign"));
}

TEST(Coverage, RoundsTheCrashRegionToPages) {
  const Ranges ram{{{0x40000000}, {0x80000000}}}, crash{{{0x7fe00000}, {0x7fe186a1}}};
  EXPECT_THAT(codes({{{0x40000000}, {0x7fe00000}}, {{0x7fe19000}, {0x80000000}}}, ram, crash), IsEmpty());
}

TEST(Coverage, WhatACrashRegionGaveBackIsCountedOnce) {
  const Ranges ram{{{0x40000000}, {0x80000000}}, {{0x70000000}, {0x78000000}}}, crash{{{0x60000000}, {0x70000000}}};
  EXPECT_THAT(dumped_memory(ram, crash, 4096),
              ElementsAre(PhysRange{{0x40000000}, {0x60000000}}, PhysRange{{0x70000000}, {0x80000000}}));
}

TEST(Coverage, WithoutTakesRangesOfAnyOrder) {
  EXPECT_THAT(without({{{0}, {10}}, {{20}, {30}}}, {{{25}, {26}}, {{5}, {22}}}),
              ElementsAre(PhysRange{{0}, {5}}, PhysRange{{22}, {25}}, PhysRange{{26}, {30}}));
  EXPECT_THAT(without({{{0}, {10}}}, {{{0}, {10}}}), IsEmpty());
}
