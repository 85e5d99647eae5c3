#include "base/file.hpp"
#include "machine/emulator_process.hpp"
#include "machine/listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kdt::machine {

using ::testing::Contains;
using ::testing::Not;

namespace {
/// A process of which all that is known is a socket.
class Peer {
public:
  Peer() {
    Listener listener(directory_.path() / "socket");
    pid_ = ::fork();
    if (pid_ == 0) {
      sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
      (directory_.path() / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
      int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
      if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(1);
      for (;;) ::pause();
    }
    socket_ = listener.accept(Deadline::after(std::chrono::seconds(30)));
  }
  ~Peer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  int pid() const { return pid_; }
  int socket() const { return socket_.get(); }

private:
  TempDir directory_{"kdt-test"};
  pid_t pid_ = -1;
  UniqueFd socket_;
};
} // namespace

TEST(EmulatorProcess, IsWhoeverIsAtTheOtherEnd) {
  Peer peer;
  EmulatorProcess process(peer.socket());
  EXPECT_EQ(process.pid(), peer.pid());
  EXPECT_GT(process.peak_memory().bytes, 0U);
}

TEST(EmulatorProcess, IsListedAsLongAsItIsWatched) {
  Peer peer;
  {
    EmulatorProcess process(peer.socket());
    EXPECT_THAT(emulators_of_libvirt(), Contains(peer.pid()));
  }
  EXPECT_THAT(emulators_of_libvirt(), Not(Contains(peer.pid())));
  EXPECT_EQ(::kill(peer.pid(), 0), 0) << "it was not ended";
}

TEST(EmulatorProcess, IsGoneAfterItWasKilledEvenIfItWasStopped) {
  Peer peer;
  EmulatorProcess process(peer.socket());
  ::kill(peer.pid(), SIGSTOP);
  EXPECT_TRUE(process.kill());
  EXPECT_EQ(::kill(peer.pid(), 0), -1) << "nobody has taken note of its end";
  EXPECT_TRUE(process.kill()) << "it is gone";
}

} // namespace kdt::machine
