#include "base/error.hpp"
#include "base/file.hpp"
#include "machine/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kdt::machine {

namespace asio = boost::asio;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {
std::vector<std::string> lines_of(Lines& lines, std::string_view bytes) {
  std::vector<std::string> found;
  lines.feed(bytes, [&](std::string_view line) { found.emplace_back(line); });
  return found;
}
} // namespace

TEST(Lines, AreCutAtNewlinesWhereverTheChunksEnd) {
  Lines lines;
  EXPECT_THAT(lines_of(lines, "one\ntw"), ElementsAre("one"));
  EXPECT_THAT(lines_of(lines, "o\n\nth"), ElementsAre("two", ""));
  EXPECT_THAT(lines_of(lines, "ree\n"), ElementsAre("three"));
}

TEST(Lines, ALineOverTheLimitIsDroppedWhole) {
  Lines lines;
  EXPECT_THAT(lines_of(lines, std::string(Lines::k_longest + 1, 'x')), IsEmpty());
  EXPECT_THAT(lines_of(lines, "rest\nnext\n"), ElementsAre("next"));
}

TEST(Channel, HandsOutWhatThePeerWroteThenItsEnd) {
  asio::io_context context;
  Channel channel(context);
  ASSERT_EQ(::send(channel.theirs(), "hello", 5, 0), 5);
  std::string bytes;
  bool closed = false;
  channel.read([&](std::string_view some) { bytes += some; }, [&] { closed = true; }); // and gives up their end
  context.run();
  EXPECT_EQ(bytes, "hello");
  EXPECT_TRUE(closed);
}

TEST(Channel, WritesToASocketThatWasConnectedBefore) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd peer(ends[1]);
  asio::io_context context;
  Channel channel(context, UniqueFd(ends[0]));
  EXPECT_EQ(channel.theirs(), -1);
  channel.write("one ");
  channel.write("two");
  context.run();
  char buffer[16];
  EXPECT_EQ(::recv(peer.get(), buffer, sizeof buffer, 0), 7);
  EXPECT_EQ(std::string_view(buffer, 7), "one two");
}

TEST(Channel, APeerThatIsGoneIsNoErrorOfTheWriter) {
  asio::io_context context;
  Channel channel(context);
  channel.read([](std::string_view) {}, [] {});
  channel.write("nobody reads this");
  EXPECT_NO_THROW(context.run());
}

TEST(Channel, HandsADescriptorOverWithTheText) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "file", "content");
  auto file = open_file(directory.path() / "file", O_RDONLY);
  boost::asio::io_context context;
  Channel channel(context);
  channel.write_with("getfd\n", file.get());

  char text[16] = {};
  alignas(cmsghdr) char control[64] = {};
  iovec part{.iov_base = text, .iov_len = sizeof text};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ASSERT_EQ(::recvmsg(channel.theirs(), &message, 0), 6);
  EXPECT_STREQ(text, "getfd\n");
  const auto* header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  int copy = -1;
  std::memcpy(&copy, CMSG_DATA(header), sizeof copy);
  UniqueFd theirs(copy);
  char bytes[8] = {};
  EXPECT_EQ(::read(theirs.get(), bytes, 7), 7);
  EXPECT_STREQ(bytes, "content");
}

TEST(Channel, ADescriptorThatIsNoneIsAnInfraError) {
  boost::asio::io_context context;
  Channel channel(context);
  EXPECT_THROW(channel.write_with("getfd\n", 99999), Error);
}

} // namespace kdt::machine
