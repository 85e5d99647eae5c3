#include "drive_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/resource.h>

namespace kdt::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DriveStreamTest : public ::testing::Test {
protected:
  void SetUp() override {
    write_all(open_file(drive_, O_WRONLY | O_CREAT | O_TRUNC).get(), std::string(std::size_t{8} << 20, 'd'), drive_);
    try {
      stream_.emplace(drive_);
    } catch (const Trouble& trouble) { // a tmpfs before Linux 6.6
      GTEST_SKIP() << trouble.what();
    }
  }
  void TearDown() override { std::filesystem::remove(drive_); }

  std::string on_drive() const { return read_text(drive_); }

  std::string drive_ = "drive-stream-" + std::to_string(getpid());
  std::optional<DriveStream> stream_;
};

/// Bytes that differ from their neighbours, and those of a piece from those of the next.
std::string bytes(std::size_t size) {
  std::string all(size, '\0');
  for (std::size_t at = 0; at < size; ++at) all[at] = static_cast<char>(at * 131 + at / 509);
  return all;
}

TEST_F(DriveStreamTest, BringsAllOfItAndZerosToTheEndOfTheSector) {
  constexpr std::size_t k_odd = (std::size_t{2} << 20) + 777, k_head = 16;
  const auto all = bytes(k_odd);
  write_all(stream_->input(), {all.data(), k_head}, "the pipe");
  write_all(stream_->input(), {all.data() + k_head, all.size() - k_head}, "the pipe");
  const auto trouble = stream_->finish();
  if (trouble.ends_with("Invalid argument")) GTEST_SKIP() << "this disk has sectors of more than 512 bytes";
  EXPECT_THAT(trouble, IsEmpty());
  EXPECT_EQ(stream_->written(), k_odd);
  const auto drive = on_drive();
  ASSERT_EQ(drive.size(), std::size_t{8} << 20);
  EXPECT_TRUE(drive.starts_with(all + std::string(1024 - 777, '\0'))); // 777 is in the second sector
  EXPECT_EQ(drive.find_first_not_of('d', k_odd + 1024 - 777), std::string::npos);
}

TEST_F(DriveStreamTest, WritesNothingThatDidNotCome) {
  EXPECT_THAT(stream_->finish(), IsEmpty());
  EXPECT_EQ(stream_->written(), 0U);
  EXPECT_EQ(on_drive().find_first_not_of('d'), std::string::npos);
}

TEST_F(DriveStreamTest, SaysWhyTheDriveTookNoMoreAndLetsTheWriterKnow) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit two_pieces{.rlim_cur = rlim_t{2} << 20, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &two_pieces);
  EXPECT_THROW(write_all(stream_->input(), bytes(std::size_t{6} << 20), "the pipe"), Trouble); // EPIPE
  const auto trouble = stream_->finish();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(trouble, HasSubstr("cannot write to " + drive_ + ": File too large"));
  EXPECT_EQ(stream_->written(), std::size_t{2} << 20); // not what else the pipe took
}

TEST(DriveStream, OfNoDriveIsRefused) {
  EXPECT_THROW(DriveStream("no-such-drive"), Trouble);
}

} // namespace
} // namespace kdt::agent
