#include "base/error.hpp"
#include "pagetable/tiny_tables.hpp"
#include "run/host_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::run {

namespace {

constexpr std::uint64_t k_start = 0x40000000;
constexpr std::uint64_t k_mib = 1 << 20;
constexpr protocol::NotePlace k_note{.start = k_start + 0x968000, .size = 0x1024};
const PhysRange k_ram{{k_start}, {k_start + 64 * k_mib}};
const PhysRange k_region{{k_start + 32 * k_mib}, {k_start + 48 * k_mib}};

constexpr const char* k_info =
    "OSRELEASE=6.1.192\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffc7350c966000\nNUMBER(VA_BITS)=48\n"
    "NUMBER(kimage_voffset)=0xffffc734cc400000\nNUMBER(PHYS_OFFSET)=0xffffaeca00000000\nNUMBER(TCR_EL1_T1SZ)=0x10\n";

std::string note(const std::string& text, const std::string& name = "VMCOREINFO") {
  std::array<std::uint32_t, 3> head{static_cast<std::uint32_t>(name.size() + 1),
                                    static_cast<std::uint32_t>(text.size()), 0};
  auto padded = name + std::string(4 - name.size() % 4, '\0');
  return std::string(reinterpret_cast<const char*>(head.data()), sizeof head) + padded + text;
}

/// A guest of 64 MiB at pages; each test bends one thing.
class HostMapTest : public testing::Test {
protected:
  HostMapTest() {
    tables_.map(k_ram, 0);
    tables_.put({k_note.start}, note(k_info));
  }

  protocol::ProbeAnswer read() const { return read_host_map(tables_.reader(), k_ram, k_note, {k_region}); }

  std::string failure(const protocol::NotePlace& place = k_note) const {
    try {
      read_host_map(tables_.reader(), k_ram, place, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  pagetable::TinyTables tables_{pagetable::sample_layout(), {k_start + 16 * k_mib}};
};

} // namespace

TEST_F(HostMapTest, TheNoteLeadsToTheTables) {
  auto seen = read();
  EXPECT_EQ(seen.linear_map.levels, (std::map<std::string, std::uint64_t>{{"pte", 64 * k_mib}}));
  EXPECT_EQ(seen.linear_map.page_table_bytes, tables_.tables() * 4096);
  ASSERT_EQ(seen.regions.size(), 1U);
  EXPECT_EQ(seen.regions[0].map.size(), 1U);
  EXPECT_EQ(seen.regions[0].map[0].end, k_region.end.value);
  EXPECT_TRUE(map_differences(seen, seen).empty());
}

TEST_F(HostMapTest, ANoteThatIsNoneIsRefused) {
  EXPECT_THAT(failure({.start = k_note.start, .size = 11}), testing::HasSubstr("11 bytes"));
  EXPECT_THAT(failure({.start = k_note.start, .size = ~std::uint64_t{0}}), testing::HasSubstr("bytes"));
  EXPECT_THAT(failure({.start = k_start + 0x100000, .size = 0x1024}), testing::HasSubstr("no VMCOREINFO note"));
  EXPECT_THAT(failure({.start = k_note.start, .size = 64}), testing::HasSubstr("no VMCOREINFO note"));
  tables_.put({k_note.start}, std::string(8, '\xff'));
  EXPECT_THAT(failure(), testing::HasSubstr("no VMCOREINFO note"));
  tables_.put({k_note.start}, note(k_info, "GNU"));
  EXPECT_THAT(failure(), testing::HasSubstr("no VMCOREINFO note"));
}

TEST_F(HostMapTest, ANoteThatLacksALineNamesIt) {
  for (const char* name : {"swapper_pg_dir", "VA_BITS", "kimage_voffset", "PHYS_OFFSET"}) {
    std::string text = k_info;
    text.replace(text.find(name), 2, "##");
    tables_.put({k_note.start}, note(text));
    EXPECT_THAT(failure(), testing::HasSubstr(name));
  }
  std::string text = k_info;
  text.replace(text.find("PAGESIZE"), 2, "##");
  tables_.put({k_note.start}, note(text));
  EXPECT_THAT(failure(), testing::HasSubstr("0 bytes"));
}

TEST_F(HostMapTest, WithoutT1szAllConfiguredBitsAreInUse) {
  std::string text = k_info;
  text.replace(text.find("TCR_EL1_T1SZ"), 2, "##");
  tables_.put({k_note.start}, note(text));
  EXPECT_EQ(read().linear_map.va_bits, 48U);
}

TEST_F(HostMapTest, EachDifferenceIsSaid) {
  auto probe = read();
  tables_.entry({k_region.start.value + 8192}, 0) &= ~std::uint64_t{1};
  auto host = read();
  EXPECT_THAT(map_differences(probe, host),
              testing::ElementsAre("bytes of the linear map as invalid: 0 by the probe, 4096 from the host",
                                   "bytes of the linear map as pte: 67108864 by the probe, 67104768 from the host",
                                   "crash region: 0x42000000-0x43000000 pte by the probe, 0x42000000-0x42002000 pte "
                                   "from the host"));
  host = probe;
  host.linear_map.page_table_bytes += 4096;
  host.linear_map.granule = 16384;
  host.linear_map.va_bits = 47;
  EXPECT_EQ(map_differences(probe, host).size(), 3U);
  host = probe;
  host.regions[0].map[0].writable = false;
  EXPECT_EQ(map_differences(probe, host).size(), 1U);
  host.regions.clear();
  EXPECT_THAT(map_differences(probe, host),
              testing::ElementsAre("crash region: 0x42000000-0x43000000 pte by the probe, nothing from the host"));
}

TEST_F(HostMapTest, PagesThatCloseAllTheTimeCountAsPagesButNotInTheRegion) {
  auto probe = read();
  tables_.entry({k_region.start.value - 4096}, 0) &= ~std::uint64_t{1};
  auto host = read();
  EXPECT_FALSE(map_differences(probe, host).empty());
  EXPECT_TRUE(map_differences(probe, host, true).empty());
  tables_.entry({k_region.start.value + 4096}, 0) &= ~std::uint64_t{1};
  EXPECT_FALSE(map_differences(probe, read(), true).empty());
}

TEST_F(HostMapTest, ReadOnlyAliasesOutsideTheRegionsMayDiffer) {
  auto probe = read();
  auto host = probe;
  host.linear_map.read_only["pte"] = 4096;
  EXPECT_TRUE(map_differences(probe, host).empty());
}

} // namespace kdt::run
