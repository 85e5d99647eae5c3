#include "base/error.hpp"
#include "base/file.hpp"
#include "vmcore/raw_file.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

using namespace kdt;
using namespace kdt::vmcore;

TEST(RawFile, ReadsAllOrNothing) {
  TempDir directory("kdt-raw");
  write_file(directory.path() / "f", "abcdef");
  auto fd = open_file(directory.path() / "f", O_RDONLY);
  RawFile file(fd.get());
  char two[2];
  EXPECT_EQ(file.size(), 6u);
  EXPECT_TRUE(file.read(4, two, 2));
  EXPECT_EQ(std::string(two, 2), "ef");
  EXPECT_FALSE(file.read(5, two, 2));
  EXPECT_FALSE(file.read(~std::uint64_t{0}, two, 2));
}

TEST(RawFile, SkipsHoles) {
  TempDir directory("kdt-raw");
  write_file(directory.path() / "f", "abcdef");
  auto fd = open_file(directory.path() / "f", O_RDWR);
  constexpr std::uint64_t k_far = std::uint64_t{1} << 30;
  ASSERT_EQ(::pwrite(fd.get(), "x", 1, k_far), 1);
  RawFile file(fd.get());
  EXPECT_EQ(file.next_data(3), 3u);
  EXPECT_LE(file.next_data(1 << 20), k_far);
  EXPECT_EQ(file.next_data(k_far), k_far);
  EXPECT_EQ(file.next_data(k_far + 1), k_far + 1);
  EXPECT_EQ(file.next_data(2 * k_far), 2 * k_far);
}

TEST(RawFile, RefusesWhatHasNoSize) {
  EXPECT_THROW(RawFile(-1), Error);
}
