#include "base/error.hpp"
#include "base/file.hpp"
#include "machine/listener.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>

namespace kdt::machine {

using namespace std::chrono_literals;

namespace {
UniqueFd connect_to(const fs::path& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}
} // namespace

TEST(Listener, HandsOutTheConnectionAndItsNameGoes) {
  TempDir place("kdt-test");
  auto path = place.path() / "socket";
  {
    Listener listener(path);
    auto peer = connect_to(path);
    auto connection = listener.accept(Deadline::after(30s));
    ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1);
    char byte = 0;
    EXPECT_EQ(::recv(connection.get(), &byte, 1, 0), 1);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(Listener, NobodyIsAnErrorAtTheDeadline) {
  TempDir place("kdt-test");
  Listener listener(place.path() / "socket");
  EXPECT_THROW(listener.accept(Deadline::after(10ms)), Error);
}

TEST(Listener, ANameThatIsTooLongIsAnError) {
  TempDir place("kdt-test");
  EXPECT_THROW(Listener(place.path() / std::string(100, 'x')), Error);
}

} // namespace kdt::machine
