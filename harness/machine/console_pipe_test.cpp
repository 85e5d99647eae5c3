#include "base/unique_fd.hpp"
#include "machine/console_pipe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <numeric>
#include <unistd.h>
#include <vector>

namespace kdt::machine {

namespace asio = boost::asio;
using testing::ElementsAre;

namespace {

/// Of a console that pauses longer than any test runs.
class ConsolePipeTest : public ::testing::Test {
protected:
  ConsolePipeTest() {
    peer_ = UniqueFd(::fcntl(console_.theirs(), F_DUPFD_CLOEXEC, 0));
    console_.read([&](std::string_view some) { pieces_.emplace_back(some); }, [&] { closed_ = true; });
  }
  void print(const std::string& bytes) {
    ASSERT_EQ(::write(peer_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void print_each_and_poll(const std::string& bytes) {
    for (char byte : bytes) {
      print(std::string(1, byte));
      context_.poll();
    }
  }

  asio::io_context context_;
  ConsolePipe console_{context_, std::chrono::hours(1)};
  UniqueFd peer_;
  std::vector<std::string> pieces_;
  bool closed_ = false;
};

} // namespace

TEST_F(ConsolePipeTest, LeavesWhatFollowsFewBytesToBeReadTogether) {
  print_each_and_poll("abc");
  EXPECT_THAT(pieces_, ElementsAre("a"));
  console_.catch_up();
  EXPECT_THAT(pieces_, ElementsAre("a", "bc"));
  console_.catch_up(); // nothing has come since
  print_each_and_poll("de");
  EXPECT_THAT(pieces_, ElementsAre("a", "bc"));
  console_.catch_up();
  EXPECT_THAT(pieces_, ElementsAre("a", "bc", "de"));
}

TEST_F(ConsolePipeTest, CatchesUpWhileItWaits) {
  print("ab");
  console_.catch_up();
  EXPECT_THAT(pieces_, ElementsAre("ab"));
  peer_.reset();
  console_.catch_up();
  EXPECT_FALSE(closed_);
  context_.poll();
  EXPECT_TRUE(closed_);
  console_.catch_up(); // nothing is left
}

TEST(ConsolePipe, BringsEachByteOnceAndInOrderWhoeverLooksFirst) {
  asio::io_context context;
  ConsolePipe console(context, std::chrono::milliseconds(0));
  UniqueFd peer(::fcntl(console.theirs(), F_DUPFD_CLOEXEC, 0));
  std::string bytes;
  bool closed = false;
  auto print = [&](const std::string& some) {
    ASSERT_EQ(::write(peer.get(), some.data(), some.size()), static_cast<ssize_t>(some.size()));
  };
  std::string printed;
  print(printed = "before anybody reads");
  console.read([&](std::string_view some) { bytes += some; }, [&] { closed = true; });
  for (int i = 0; i < 300; ++i) {
    auto some = std::to_string(i) + " ";
    print(some);
    printed += some;
    if (i % 3 == 0) console.catch_up();
    if (i % 4 == 0) context.poll_one();
    if (i % 7 == 0) context.poll();
  }
  peer.reset();
  context.run();
  EXPECT_EQ(bytes, printed);
  EXPECT_TRUE(closed);
}

TEST_F(ConsolePipeTest, CatchingUpTakesAllThatThereIs) {
  print_each_and_poll("a");
  const std::string much(60'000, 'm');
  print(much);
  console_.catch_up();
  EXPECT_EQ(std::accumulate(pieces_.begin(), pieces_.end(), std::string()), "a" + much);
  peer_.reset();
  console_.catch_up();
  EXPECT_TRUE(closed_);
}

TEST(ConsolePipe, ReadsWhatHasGatheredWhenThePauseIsOverAndWaitsAgainWhereThereIsNothing) {
  asio::io_context context;
  ConsolePipe console(context, std::chrono::milliseconds(1));
  UniqueFd peer(::fcntl(console.theirs(), F_DUPFD_CLOEXEC, 0));
  std::vector<std::string> pieces;
  bool closed = false;
  console.read([&](std::string_view some) { pieces.emplace_back(some); }, [&] { closed = true; });
  EXPECT_EQ(console.theirs(), -1);
  auto print = [&](const char* byte) { EXPECT_EQ(::write(peer.get(), byte, 1), 1); };
  auto run_until = [&](std::size_t count) {
    while (pieces.size() < count) context.run_one();
  };
  print("a");
  run_until(1);
  print("b");
  print("c");
  run_until(2);
  EXPECT_THAT(pieces, ElementsAre("a", "bc"));
  context.run_for(std::chrono::milliseconds(50)); // the next look finds nothing
  EXPECT_EQ(context.run_one_for(std::chrono::milliseconds(20)), 0U) << "it looks though nothing comes";
  print("d");
  run_until(3);
  EXPECT_THAT(pieces, ElementsAre("a", "bc", "d"));
  peer.reset();
  context.run();
  EXPECT_TRUE(closed);
  EXPECT_EQ(pieces.size(), 3U);
}

} // namespace kdt::machine
