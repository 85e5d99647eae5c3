#include "base/deadline.hpp"
#include "base/file.hpp"
#include "vmcore/shape.hpp"
#include "vmcore/tiny_vmcore.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

using namespace kdt;
using namespace kdt::vmcore;

namespace {

Shape shape_of(const std::string& bytes) {
  TempDir directory("kdt-shape");
  write_file(directory.path() / "f", bytes);
  return inspect(open_file(directory.path() / "f", O_RDONLY).get());
}

const std::vector<PhysRange> k_memory{{{tiny::k_physical}, {tiny::k_physical + 16 * tiny::k_page}}};

} // namespace

TEST(Shape, DescribesWholeDumps) {
  for (const auto& dump : {tiny::elf(tiny::kernel({"x"})), tiny::kdump(tiny::kernel({"x"}))}) {
    auto shape = shape_of(dump);
    EXPECT_FALSE(shape.truncated());
    EXPECT_TRUE(shape.aarch64);
    EXPECT_EQ(shape.needed_bytes, dump.size());
    EXPECT_EQ(shape.pages, 16u);
    EXPECT_EQ(shape.memory, k_memory);
  }
}

TEST(Shape, SeesEveryCutBetweenHeaderAndLastByte) {
  for (const auto& dump : {tiny::elf(tiny::kernel({"x"})), tiny::kdump(tiny::kernel({"x"}))})
    for (std::size_t left : {dump.size() - 1, dump.size() - 4096, dump.size() / 2, std::size_t{8192}, std::size_t{4096},
                             std::size_t{100}, std::size_t{8}})
      EXPECT_TRUE(shape_of(dump.substr(0, left)).truncated()) << left;
}

TEST(Shape, SeesPageDescriptorsThatWereNeverWritten) {
  auto dump = tiny::kdump(tiny::kernel({"x"}));
  std::fill_n(dump.begin() + tiny::k_descriptors_at + 15 * 24, 24, '\0');
  auto shape = shape_of(dump);
  EXPECT_EQ(shape.holes, 1u);
  EXPECT_TRUE(shape.truncated());
}

TEST(Shape, BelievesTheToolThatMarkedItsDumpIncomplete) {
  auto kdump = tiny::kdump(tiny::kernel({"x"}));
  kdump[424] = 0x8;
  EXPECT_TRUE(shape_of(kdump).truncated());
  auto elf = tiny::elf(tiny::kernel({"x"}));
  elf[48] = 0x1;
  EXPECT_TRUE(shape_of(elf).truncated());
}

TEST(Shape, TellsEmptyBlankAndUnknownFiles) {
  EXPECT_EQ(shape_of("").format, Format::empty);
  EXPECT_EQ(shape_of(std::string(10000, '\0')).format, Format::blank);
  EXPECT_EQ(shape_of("hello").format, Format::unknown);
  EXPECT_EQ(shape_of(tiny::flattened("x")).format, Format::flattened);
}

TEST(Shape, SeesAnotherArchitecture) {
  EXPECT_FALSE(shape_of(tiny::elf(tiny::kernel({"x"}), {1}, 62)).aarch64);
}

TEST(Shape, HolesAreNotReadByteByByte) {
  TempDir directory("kdt-shape");
  write_file(directory.path() / "f", tiny::headers_of_a_terabyte(std::uint64_t{1} << 60));
  fs::resize_file(directory.path() / "f", std::uintmax_t{1} << 40);
  auto begin = Clock::now();
  auto shape = inspect(open_file(directory.path() / "f", O_RDONLY).get());
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(20)); // half a terabyte of zeros takes minutes
  EXPECT_FALSE(shape.truncated());
  EXPECT_EQ(shape.pages, 0u);
  EXPECT_EQ(shape.bitmap_bytes, std::uint64_t{1} << 38); // what there is room for, whatever is claimed
  EXPECT_EQ(shape.addresses_end.value, std::uint64_t{1} << 53);
}

TEST(Shape, AnElfCoreOfMillionsOfSegmentsIsNone) {
  auto elf = tiny::elf(tiny::kernel({"x"}));
  elf[56] = elf[57] = '\xff';                            // PN_XNUM: the first section header tells
  elf[40] = 64;                                          // where that is
  for (int i = 0; i < 4; ++i) elf[64 + 44 + i] = '\x7f'; // its sh_info
  auto shape = shape_of(elf);
  EXPECT_EQ(shape.format, Format::unknown);
  for (int i = 1; i < 4; ++i) elf[64 + 44 + i] = '\0';
  EXPECT_EQ(shape_of(elf).format, Format::elf);
}

TEST(Shape, HugeCountsInHeadersAreCutsNotAllocations) {
  auto kdump = tiny::kdump(tiny::kernel({"x"}));
  for (int i = 432; i < 444; ++i) kdump[i] = '\xff';
  EXPECT_TRUE(shape_of(kdump).truncated());
  auto elf = tiny::elf(tiny::kernel({"x"}));
  elf[56] = elf[57] = '\xfe';
  EXPECT_TRUE(shape_of(elf).truncated());
  for (int i = 0; i < 16; ++i) elf[64 + 56 + 24 + i] = '\xff'; // paddr and filesz of the segment
  elf[56] = 2;
  elf[57] = 0;
  EXPECT_TRUE(shape_of(elf).truncated());
}
