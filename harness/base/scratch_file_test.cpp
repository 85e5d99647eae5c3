#include "base/error.hpp"
#include "base/scratch_file.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace kdt {

TEST(ScratchFile, HasNoNameUntilItIsKept) {
  TempDir directory("kdt-test");
  ScratchFile scratch(directory.path(), ByteSize::mib(64));
  EXPECT_TRUE(fs::is_empty(directory.path()));
  EXPECT_EQ(fs::file_size(scratch.path()), ByteSize::mib(64).bytes);
  EXPECT_LT(scratch.occupied(), ByteSize::mib(1));
  scratch.keep(directory.path() / "kept");
  EXPECT_EQ(fs::file_size(directory.path() / "kept"), ByteSize::mib(64).bytes);
}

TEST(ScratchFile, IsOnTheDirectorysFileSystemAndGoneWithItsHolder) {
  TempDir directory("kdt-test");
  fs::path path;
  {
    ScratchFile scratch(directory.path(), ByteSize::mib(64));
    path = scratch.path();
    auto link = fs::read_symlink(path).string(); // what has lost its name is called so
    EXPECT_EQ(fs::path(link).parent_path(), fs::canonical(directory.path()));
    EXPECT_TRUE(link.ends_with(" (deleted)")) << link;
    EXPECT_EQ(fs::hard_link_count(path), 0U);
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST(ScratchFile, LeavesNothingWhenItsHolderIsKilled) {
  TempDir directory("kdt-test");
  auto be_killed = [&] {
    ScratchFile scratch(directory.path(), ByteSize::mib(64));
    write_file(scratch.path(), "text");
    ::raise(SIGKILL);
  };
  EXPECT_EXIT(be_killed(), testing::KilledBySignal(SIGKILL), "");
  EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST(ScratchFile, IsWrittenThroughItsPath) {
  TempDir directory("kdt-test");
  ScratchFile scratch(directory.path(), ByteSize{0});
  write_file(scratch.path(), "text");
  EXPECT_EQ(read_file(scratch.path()), "text");
}

TEST(ScratchFile, InMemoryTakesNoDirectory) {
  auto scratch = ScratchFile::in_memory(ByteSize::gib(256));
  EXPECT_EQ(fs::file_size(scratch.path()), ByteSize::gib(256).bytes);
  EXPECT_EQ(scratch.occupied(), ByteSize{0});
  EXPECT_EQ(fs::read_symlink(scratch.path()), "/memfd:kdt (deleted)");
}

TEST(ScratchFile, NamesTheDirectoryThatRefuses) {
  EXPECT_THROW(ScratchFile("/nonexistent/kdt", ByteSize{1}), Error);
}

TEST(TemporaryDirectory, IsNoBugOfOursWhereThereIsNone) {
  const char* before = std::getenv("TMPDIR");
  std::string kept = before == nullptr ? "" : before;
  TempDir directory("kdt-test");
  ::setenv("TMPDIR", directory.path().c_str(), 1);
  EXPECT_EQ(temporary_directory(), directory.path());
  ::setenv("TMPDIR", "/nonexistent/kdt", 1);
  EXPECT_THROW(temporary_directory(), Error);
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

} // namespace kdt
