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
