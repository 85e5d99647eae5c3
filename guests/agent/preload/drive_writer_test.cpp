#include "drive_writer.hpp"
#include "drives.hpp"
#include "system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <vector>

namespace kdt::agent {
namespace {

constexpr std::size_t k_page = 4096;
constexpr std::size_t k_half = 2 * k_page; ///< of the room, which is what is written at a time

/// As long as it lives no file takes a byte from `size` on: EFBIG.
class FullFrom {
public:
  explicit FullFrom(rlim_t size) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit little{.rlim_cur = size, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &little);
  }
  ~FullFrom() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullFrom(const FullFrom&) = delete;
  FullFrom& operator=(const FullFrom&) = delete;

private:
  rlimit before_{};
};

class DriveWriterTest : public ::testing::Test {
protected:
  void SetUp() override {
    write_all(drive_.get(), std::string(std::size_t{1} << 20, 'd'), path_);
    lseek(drive_.get(), 0, SEEK_SET);
  }
  void TearDown() override {
    writer_.finish();
    std::filesystem::remove(path_);
    std::filesystem::remove(other_path_);
  }

  ssize_t write(std::string_view bytes) { return writer_.write(drive_.get(), bytes); }
  ssize_t write_at(off_t offset, std::string_view bytes) {
    lseek(drive_.get(), offset, SEEK_SET);
    return write(bytes);
  }
  std::string on_drive() {
    EXPECT_EQ(writer_.finish(), 0);
    return read_text(path_);
  }
  bool takes_direct() const { return static_cast<bool>(Fd(open(path_.c_str(), O_WRONLY | O_DIRECT))); }

  std::string path_ = "drive-writer-" + std::to_string(getpid());
  std::string other_path_ = path_ + "-2";
  Fd drive_ = open_file(path_, O_RDWR | O_CREAT | O_TRUNC);
  DirectPiece room_ = make_direct_piece();
  DriveWriter writer_{{room_.get(), 2 * k_half}};
};

/// Bytes that differ from their neighbours, and those of a page from those of the next.
std::string bytes(std::size_t size) {
  std::string all(size, '\0');
  for (std::size_t at = 0; at < size; ++at) all[at] = static_cast<char>(at * 131 + at / 509);
  return all;
}

TEST_F(DriveWriterTest, WritesWhatItIsGivenWhereverItBeginsAndEnds) {
  // Within a page; up to its end and no further; whole pages, as many as fill the room and more; ends in pages.
  for (const off_t offset : {0, 16, 512, 4095, 4096, 12289})
    for (const std::size_t size : {0U, 1U, 100U, 4080U, 4096U, 8192U, 16384U, 16400U, 50000U}) {
      SCOPED_TRACE(std::to_string(size) + " bytes at " + std::to_string(offset));
      auto expected = on_drive();
      const auto all = bytes(size);
      EXPECT_EQ(write_at(offset, all), static_cast<ssize_t>(size));
      EXPECT_EQ(lseek(drive_.get(), 0, SEEK_CUR), offset + static_cast<off_t>(size));
      expected.replace(static_cast<std::size_t>(offset), size, all);
      EXPECT_TRUE(on_drive() == expected);
    }
}

TEST_F(DriveWriterTest, PiecesOneAfterTheOtherShareTheirPagesAndTheLaterOneStands) {
  const auto all = bytes(200'000);
  std::size_t at = 0;
  for (const std::size_t size : {16U, 70'000U, 16U, 65'536U, 64'000U}) {
    EXPECT_EQ(write(std::string_view(all).substr(at, size)), static_cast<ssize_t>(size));
    at += size;
  }
  EXPECT_EQ(write_at(k_page, "again"), 5); // where a piece may still be on its way
  const auto drive = on_drive();
  EXPECT_EQ(drive.substr(0, k_page), all.substr(0, k_page));
  EXPECT_EQ(drive.substr(k_page, 5), "again");
  EXPECT_EQ(drive.substr(k_page + 5, at - k_page - 5), all.substr(k_page + 5, at - k_page - 5));
}

TEST_F(DriveWriterTest, WholePagesGoPastThePageCache) {
  if (!takes_direct()) GTEST_SKIP() << "a tmpfs before Linux 6.6 takes no O_DIRECT";
  fsync(drive_.get());
  posix_fadvise(drive_.get(), 0, 0, POSIX_FADV_DONTNEED);
  EXPECT_EQ(write_at(16, bytes(4 * k_page)), static_cast<ssize_t>(4 * k_page));
  EXPECT_EQ(writer_.finish(), 0);
  void* mapped = mmap(nullptr, 8 * k_page, PROT_READ, MAP_SHARED, drive_.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  std::vector<unsigned char> cached(8);
  EXPECT_EQ(mincore(mapped, 8 * k_page, cached.data()), 0);
  munmap(mapped, 8 * k_page);
  for (auto& page : cached) page &= 1;
  EXPECT_THAT(std::vector(cached.begin(), cached.begin() + 5), testing::ElementsAre(1, 0, 0, 0, 1));
}

TEST_F(DriveWriterTest, ItsDescriptorIsNoneThatThreadsOfMakedumpfileClose) {
  if (!takes_direct()) GTEST_SKIP() << "a tmpfs before Linux 6.6 takes no O_DIRECT";
  const Fd input(dup(0));
  close(0);
  EXPECT_EQ(write_at(0, bytes(4 * k_page)), static_cast<ssize_t>(4 * k_page));
  EXPECT_EQ(fcntl(0, F_GETFD), -1);
  EXPECT_EQ(writer_.finish(), 0);
  dup2(input.get(), 0);
  EXPECT_TRUE(on_drive().starts_with(bytes(4 * k_page)));
}

TEST_F(DriveWriterTest, WhatFollowsWithoutAGapIsWrittenTogether) {
  if (!takes_direct()) GTEST_SKIP() << "a tmpfs before Linux 6.6 takes no O_DIRECT";
  const auto all = bytes(k_half + 100);
  const auto before = read_text(path_);
  EXPECT_EQ(write(std::string_view(all).substr(0, k_page)), static_cast<ssize_t>(k_page));
  EXPECT_EQ(write(std::string_view(all).substr(k_page, 100)), 100);
  EXPECT_EQ(read_text(path_), before) << "was written before there was enough of it";
  EXPECT_EQ(write(std::string_view(all).substr(k_page + 100)), static_cast<ssize_t>(k_half - k_page));
  EXPECT_EQ(on_drive().substr(0, all.size()), all);
}

TEST_F(DriveWriterTest, WhatIsGatheredIsWrittenBeforeWhatGoesElsewhere) {
  const auto all = bytes(k_page + 100);
  EXPECT_EQ(write(all), static_cast<ssize_t>(all.size()));
  EXPECT_EQ(write_at(8 * k_page, "elsewhere"), 9);
  EXPECT_EQ(read_text(path_).substr(0, all.size()), all);
  const Fd other = open_file(other_path_, O_RDWR | O_CREAT | O_TRUNC);
  lseek(other.get(), lseek(drive_.get(), 0, SEEK_CUR), SEEK_SET); // it would follow if it were the same file
  EXPECT_EQ(writer_.write(other.get(), std::string_view("another's")), 9);
  EXPECT_EQ(on_drive().substr(8 * k_page, 18), "elsewhere" + std::string(9, 'd'));
  EXPECT_EQ(read_text(other_path_).substr(8 * k_page + 9), "another's");
}

TEST_F(DriveWriterTest, TheEndIsWrittenThoughTheCallersDescriptorIsClosed) {
  const auto all = bytes(k_page + 100);
  EXPECT_EQ(write(all), static_cast<ssize_t>(all.size()));
  drive_ = Fd{};
  EXPECT_EQ(on_drive().substr(0, all.size()), all);
}

TEST_F(DriveWriterTest, ALaterCallSaysWhyAPieceWasNotWritten) {
  if (!takes_direct()) GTEST_SKIP() << "a tmpfs before Linux 6.6 takes no O_DIRECT";
  std::optional<FullFrom> full(std::in_place, 2 * k_page);
  EXPECT_EQ(write_at(k_page, bytes(k_half)), static_cast<ssize_t>(k_half));
  EXPECT_EQ(write("more"), 4) << "is only gathered";
  EXPECT_EQ(write(bytes(k_half)), -1);
  const int why = errno;
  EXPECT_EQ(lseek(drive_.get(), 0, SEEK_CUR), static_cast<off_t>(2 * k_page)) << "how far it came";
  EXPECT_EQ(write("yet more"), -1);
  full.reset();
  EXPECT_EQ(why, EFBIG) << std::strerror(why);
  EXPECT_EQ(writer_.finish(), EFBIG);
}

TEST_F(DriveWriterTest, AWriteElsewhereSaysWhyWhatWasGatheredCouldNotBeWritten) {
  if (!takes_direct()) GTEST_SKIP() << "a tmpfs before Linux 6.6 takes no O_DIRECT";
  std::optional<FullFrom> full(std::in_place, k_page + 10);
  EXPECT_EQ(write_at(k_page, bytes(100)), 100);
  EXPECT_EQ(write_at(0, "elsewhere"), -1);
  const int why = errno;
  EXPECT_EQ(lseek(drive_.get(), 0, SEEK_CUR), static_cast<off_t>(k_page + 10)) << "how far it came";
  full.reset();
  EXPECT_EQ(why, EFBIG) << std::strerror(why);
  EXPECT_EQ(writer_.finish(), EFBIG);
  EXPECT_EQ(read_text(path_).substr(0, 9), std::string(9, 'd'));
}

TEST_F(DriveWriterTest, TheEndSaysWhyWhatWasGatheredCouldNotBeWritten) {
  if (!takes_direct()) GTEST_SKIP() << "a tmpfs before Linux 6.6 takes no O_DIRECT";
  std::optional<FullFrom> full(std::in_place, k_page + 10);
  EXPECT_EQ(write_at(k_page, bytes(100)), 100);
  const int why = writer_.finish();
  full.reset();
  EXPECT_EQ(why, EFBIG) << std::strerror(why);
}

TEST_F(DriveWriterTest, WhatThePageCacheDoesNotTakeIsToldAtOnce) {
  std::optional<FullFrom> full(std::in_place, 2 * k_page - 4);
  const auto taken = write_at(2 * k_page - 16, bytes(100));
  const auto then = write("more");
  const int why = errno;
  full.reset();
  EXPECT_EQ(taken, 12);
  EXPECT_EQ(then, -1);
  EXPECT_EQ(why, EFBIG) << std::strerror(why);
}

TEST_F(DriveWriterTest, AChildOfTheProcessWritesItsOwnAlone) {
#ifdef KDT_SANITIZED_THREAD
  GTEST_SKIP() << "ThreadSanitizer ends a child of several threads that starts one";
#endif
  // Twice: a thread that only starts may hold a lock of a sanitizer's, which the child would wait for.
  for (int i = 0; i < 2; ++i) EXPECT_EQ(write_at(0, bytes(4 * k_page)), static_cast<ssize_t>(4 * k_page));
  EXPECT_EQ(write_at(12 * k_page, "the parent's"), 12);
  const pid_t child = fork();
  if (child == 0) {
    alarm(10); // it would wait for ever
    const bool good = write_at(8 * k_page, bytes(4 * k_page)) == 4 * k_page && writer_.finish() == 0;
    _exit(good ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  if (takes_direct()) {
    EXPECT_EQ(read_text(path_).substr(12 * k_page, 12), std::string(12, 'd'));
  }
  const auto drive = on_drive();
  EXPECT_EQ(drive.substr(12 * k_page, 12), "the parent's");
  EXPECT_EQ(drive.substr(0, 4 * k_page), bytes(4 * k_page));
  EXPECT_EQ(drive.substr(8 * k_page, 4 * k_page), bytes(4 * k_page));
}

TEST_F(DriveWriterTest, APipeIsWrittenAsAlways) {
  const Pipe pipe = make_pipe();
  const std::string words(3 * k_page, 'w');
  EXPECT_EQ(writer_.write(pipe.in.get(), words), static_cast<ssize_t>(words.size()));
  std::string got(words.size(), '\0');
  EXPECT_EQ(read(pipe.out.get(), got.data(), got.size()), static_cast<ssize_t>(words.size()));
  EXPECT_EQ(got, words);
}

} // namespace
} // namespace kdt::agent
