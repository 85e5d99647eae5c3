#include "base/error.hpp"
#include "base/file.hpp"

#include <gtest/gtest.h>

namespace kdt {

TEST(TempDir, RemovesEverythingAtTheEndOfScope) {
  fs::path path;
  {
    TempDir directory("kdt-test");
    path = directory.path();
    make_directories(path / "a/b");
    write_file(path / "a/b/c", "x");
    EXPECT_EQ(read_file(path / "a/b/c"), "x");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(WriteFileAtomic, ReplacesTheTextAndLeavesNoSibling) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "f", "old");
  write_file_atomic(directory.path() / "f", "new");
  EXPECT_EQ(read_file(directory.path() / "f"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1);
}

TEST(WriteFileAtomic, NeverReplacesADeviceOrALink) {
  TempDir directory("kdt-test");
  EXPECT_THROW(write_file_atomic("/dev/full", "x"), Error);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  write_file(directory.path() / "target", "old");
  fs::create_symlink("target", directory.path() / "link");
  write_file_atomic(directory.path() / "link", "new");
  EXPECT_TRUE(fs::is_symlink(directory.path() / "link"));
  EXPECT_EQ(read_file(directory.path() / "target"), "new");
}

TEST(ReadFile, NamesTheFileThatIsMissing) {
  try {
    read_file("/nonexistent/kdt");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::infra);
    EXPECT_STREQ(error.what(), "/nonexistent/kdt: cannot open: No such file or directory");
  }
}

TEST(SizeOfFile, CountsBytesOrNamesTheFile) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "f", "abc");
  EXPECT_EQ(size_of_file(directory.path() / "f"), ByteSize{3});
  EXPECT_THROW(size_of_file(directory.path() / "g"), Error);
}

TEST(WriteAll, ReportsAFullDevice) {
  auto fd = open_file("/dev/full", 1 /* O_WRONLY */);
  EXPECT_THROW(write_all(fd.get(), "x", "journal"), Error);
}

TEST(MakeSparseFile, HasTheSizeButNoBlocks) {
  TempDir directory("kdt-test");
  make_sparse_file(directory.path() / "disk", ByteSize::gib(4));
  EXPECT_EQ(fs::file_size(directory.path() / "disk"), ByteSize::gib(4).bytes);
  EXPECT_GT(free_space(directory.path() / "not" / "there").bytes, 0U);
}

} // namespace kdt
