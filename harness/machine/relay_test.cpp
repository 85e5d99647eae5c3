#include "machine/relay.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <thread>

namespace kdt::machine {

namespace {
struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ours = UniqueFd(ends[0]);
    theirs = UniqueFd(ends[1]);
  }
  UniqueFd ours;
  UniqueFd theirs;
};

std::string read_to_end(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  return text;
}
} // namespace

TEST(Relay, PassesBytesBothWaysAndTheEnds) {
  Pair one;
  Pair other;
  boost::asio::io_context context;
  Relay relay(context, std::move(one.theirs), std::move(other.theirs));
  std::string much(1 << 20, 'x'); // more than the sockets hold
  std::jthread writer([&] {
    for (std::size_t done = 0; done < much.size();)
      done += static_cast<std::size_t>(::send(one.ours.get(), much.data() + done, much.size() - done, MSG_NOSIGNAL));
    ::shutdown(one.ours.get(), SHUT_WR);
  });
  std::string arrived;
  std::jthread reader([&] {
    arrived = read_to_end(other.ours.get());
    ::send(other.ours.get(), "thanks", 6, MSG_NOSIGNAL);
    ::shutdown(other.ours.get(), SHUT_WR);
  });
  context.run();
  EXPECT_EQ(read_to_end(one.ours.get()), "thanks");
  reader.join();
  EXPECT_EQ(arrived, much);
}

} // namespace kdt::machine
