#include "base/error.hpp"
#include "pagetable/tiny_tables.hpp"
#include "pagetable/walk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace kdt::pagetable {

namespace {

constexpr std::uint64_t k_start = 0x40000000;
constexpr std::uint64_t k_mib = 1 << 20;

PhysRange range(std::uint64_t start, std::uint64_t size) {
  return {{start}, {start + size}};
}

/// 4 GiB of RAM; tables at the end of its first 16 MiB.
const PhysRange k_ram = range(k_start, 4096 * k_mib);

class Walk : public testing::Test {
protected:
  Reading read(const std::vector<PhysRange>& ranges = {}) const {
    return walk(tables_.layout(), k_ram, ranges, tables_.reader());
  }

  std::string failure() const {
    try {
      read();
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::infra);
      return error.what();
    }
    return "none";
  }

  TinyTables tables_{sample_layout(), {k_start + 8 * k_mib}};
};

std::string text(const protocol::MapRun& run, std::uint64_t base) {
  return fmt::format("{:#x}+{:#x} {}{}{}{}", run.start - base, run.end - run.start, run.cont ? "cont" : "", run.level,
                     run.valid ? "" : " invalid", run.writable ? "" : " read-only");
}

} // namespace

TEST_F(Walk, CountsEachKindOfEntry) {
  tables_.map(range(k_start, 2 * k_mib), 0);
  tables_.map(range(k_start + 2 * k_mib, 65536), 0, {.cont = true});
  tables_.map(range(k_start + 32 * k_mib, 32 * k_mib), 1, {.cont = true});
  tables_.map(range(k_start + 64 * k_mib, 6 * k_mib), 1);
  tables_.map(range(k_start + 70 * k_mib, 2 * k_mib), 1, {.writable = false});
  tables_.map(range(k_start + 1024 * k_mib, 2048 * k_mib), 2);
  tables_.map(range(k_start + 3 * k_mib, 8192), 0, {.valid = false});
  auto map = read().linear_map;
  EXPECT_EQ(map.granule, 4096U);
  EXPECT_EQ(map.va_bits, 48U);
  std::map<std::string, std::uint64_t> levels{{"pte", 2 * k_mib}, {"contpte", 65536},    {"contpmd", 32 * k_mib},
                                              {"pmd", 8 * k_mib}, {"pud", 2048 * k_mib}, {"invalid", 8192}};
  EXPECT_EQ(map.levels, levels);
  EXPECT_EQ(map.read_only, (std::map<std::string, std::uint64_t>{{"pmd", 2 * k_mib}}));
  EXPECT_EQ(map.page_table_bytes, tables_.tables() * 4096);
}

TEST_F(Walk, TellsTheRunsOfARange) {
  tables_.map(range(k_start, 8 * k_mib), 0);
  tables_.map(range(k_start + k_mib, 4096), 0, {.valid = false});
  tables_.map(range(k_start + 2 * k_mib, 4096), 0, {.writable = false});
  tables_.map(range(k_start + 8 * k_mib, 2 * k_mib), 1);
  auto reading = read({range(k_start + k_mib / 2, 16 * k_mib), range(k_start + 64 * k_mib, k_mib)});
  std::string runs;
  for (const auto& run : reading.ranges.at(0)) runs += text(run, k_start) + "\n";
  EXPECT_EQ(runs,
            "0x80000+0x80000 pte\n0x100000+0x1000 pte invalid\n0x101000+0xff000 pte\n0x200000+0x1000 pte "
            "read-only\n0x201000+0x5ff000 pte\n0x800000+0x200000 pmd\n0xa00000+0x680000 none invalid read-only\n");
  ASSERT_EQ(reading.ranges.at(1).size(), 1U);
  EXPECT_EQ(text(reading.ranges[1][0], k_start), "0x4000000+0x100000 none invalid read-only");
}

TEST_F(Walk, OfAnEmptyMapSeesNothing) {
  auto reading = read();
  EXPECT_TRUE(reading.linear_map.levels.empty());
  EXPECT_EQ(reading.linear_map.page_table_bytes, 0U);
}

TEST_F(Walk, LeavesOutWhatLiesBehindTheLinearMap) {
  tables_.map(range(k_start, 2 * k_mib), 0);
  auto top_half = tables_.layout().physical(tables_.layout().end);
  tables_.entry(top_half, 2) = 0x40000000 | 1; // the kernel image or vmalloc: maps anything
  EXPECT_EQ(read().linear_map.levels.size(), 1U);
}

TEST(WalkGranules, ReadsEachGranuleAndEachSizeOfAddresses) {
  struct Case {
    std::uint64_t granule;
    unsigned configured;
    unsigned used;
    std::uint64_t block; // of level 1
  };
  for (auto [granule, configured, used, block] :
       {Case{4096, 39, 39, 2 * k_mib}, Case{4096, 48, 48, 2 * k_mib}, Case{4096, 52, 48, 2 * k_mib},
        Case{4096, 52, 52, 2 * k_mib}, Case{16384, 36, 36, 32 * k_mib}, Case{16384, 47, 47, 32 * k_mib},
        Case{16384, 48, 48, 32 * k_mib}, Case{16384, 52, 47, 32 * k_mib}, Case{16384, 52, 52, 32 * k_mib},
        Case{65536, 42, 42, 512 * k_mib}, Case{65536, 48, 48, 512 * k_mib}, Case{65536, 52, 48, 512 * k_mib},
        Case{65536, 52, 52, 512 * k_mib}}) {
    auto page_offset = std::uint64_t{0} - (std::uint64_t{1} << configured);
    auto lowest = std::uint64_t{0} - (std::uint64_t{1} << used);
    TinyTables tables(layout_of({.page_size = granule,
                                 .swapper_pg_dir = 0x40100000,
                                 .kimage_voffset = 0,
                                 .phys_offset = k_start - (lowest - page_offset),
                                 .va_bits = configured,
                                 .tcr_el1_t1sz = 64 - used}),
                      {k_start + 8 * k_mib});
    tables.map(range(k_start, block), 0);
    tables.map(range(k_start + block, block), 1);
    auto crash = range(k_start + block - granule, 2 * granule);
    auto reading = walk(tables.layout(), k_ram, std::vector{crash}, tables.reader());
    EXPECT_EQ(reading.linear_map.levels, (std::map<std::string, std::uint64_t>{{"pte", block}, {"pmd", block}}))
        << granule << " " << configured << " " << used;
    EXPECT_EQ(reading.linear_map.page_table_bytes, tables.tables() * granule);
    ASSERT_EQ(reading.ranges[0].size(), 2U);
    EXPECT_EQ(reading.ranges[0][1].level, "pmd");
  }
}

TEST_F(Walk, ATableOutsideRamIsRefused) {
  tables_.map(range(k_start, 2 * k_mib), 0);
  for (std::uint64_t wrong : {0x1000UL, k_start - 4096, k_ram.end.value, (1UL << 48) - 4096}) {
    tables_.entry({k_start}, 1) = wrong | 3;
    EXPECT_THAT(failure(), testing::HasSubstr("outside its RAM")) << wrong;
  }
  auto layout = tables_.layout();
  layout.root = {~std::uint64_t{4095}};
  EXPECT_THROW(walk(layout, k_ram, {}, tables_.reader()), Error);
}

TEST_F(Walk, TablesThatLeadInCirclesAreRefused) {
  auto& root = tables_.entry({k_start}, 3);
  root = tables_.layout().root.value | 3; // each level is the root again
  EXPECT_NE(failure(), "none");
}

TEST_F(Walk, EndlessFanOutIsRefusedAfterBoundedWork) {
  // One table each for three levels, every entry of which leads to the next: 2^27 last tables.
  auto pmd = k_start + 8 * k_mib, pte = pmd + 4096;
  for (std::size_t i = 0; i < 512; ++i) {
    auto at = static_cast<std::uint64_t>(i) * 8;
    auto word = [](std::uint64_t value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); };
    tables_.put({tables_.layout().root.value + at}, word(pmd | 3));
    tables_.put({pmd + at}, word(pte | 3));
    tables_.put({pte + at}, word((pte + 4096) | 3));
  }
  std::size_t reads = 0;
  auto counted = [&, reader = tables_.reader()](PhysAddr at, std::span<std::byte> to) {
    ++reads;
    reader(at, to);
  };
  EXPECT_THROW(walk(tables_.layout(), k_ram, {}, counted), Error);
  EXPECT_LT(reads, 4096 * k_mib / 4096 / 512 * 2 + 1024 + 2);
}

TEST_F(Walk, AMapThatIsNotLinearIsRefused) {
  tables_.map(range(k_start, 2 * k_mib), 0);
  tables_.entry({k_start + 4096}, 0) += 4096;
  EXPECT_THAT(failure(), testing::HasSubstr("maps 0x40002000 where it should map 0x40001000"));
}

TEST_F(Walk, AnInvalidEntryMayHoldAnyAddress) {
  tables_.map(range(k_start, 2 * k_mib), 0);
  tables_.entry({k_start + 4096}, 0) = 0xdead0000;
  EXPECT_EQ(read().linear_map.levels.at("invalid"), 4096U);
}

TEST_F(Walk, NoiseEndsInAReadingOrAnError) {
  std::mt19937_64 random(1);
  int errors = 0;
  for (int round = 0; round < 50; ++round) {
    auto noise = [&](PhysAddr, std::span<std::byte> to) {
      for (std::size_t i = 0; i + 8 <= to.size(); i += 8) {
        auto word = random();
        if (random() % 4 != 0) word = k_start + word % k_ram.size().bytes / 4096 * 4096 + (word & 3);
        std::memcpy(to.data() + i, &word, sizeof word);
      }
    };
    try {
      walk(tables_.layout(), k_ram, std::vector{range(k_start, k_mib)}, noise);
    } catch (const Error&) {
      ++errors;
    }
  }
  EXPECT_EQ(errors, 50);
}

TEST_F(Walk, WhatTheMemoryThrowsComesThrough) {
  auto broken = [](PhysAddr, std::span<std::byte>) { throw Error(Blame::infra, "gone"); };
  EXPECT_THROW(walk(tables_.layout(), k_ram, {}, broken), Error);
}

} // namespace kdt::pagetable
