#include "base/error.hpp"
#include "base/process.hpp"
#include "run/ssh_server.hpp"

#include <gmock/gmock.h>

#include <sys/socket.h>

namespace kdt::run {

TEST(SshServer, GreetsAtTheOtherEndOfThePair) {
  if (auto missing = SshServer::missing()) GTEST_SKIP() << *missing;
  TempDir directory("kdt-ssh-test");
  SshServer server(directory.path(), directory.path() / "log", {});
  std::string greeting(8, '\0'); // read ends with 0 should the server end
  ASSERT_EQ(::recv(server.peer(), greeting.data(), greeting.size(), MSG_WAITALL), 8)
      << read_file(directory.path() / "log");
  EXPECT_EQ(greeting, "SSH-2.0-");
  EXPECT_THAT(server.client_key(), testing::HasSubstr("OPENSSH PRIVATE KEY"));
  EXPECT_THAT(server.host_key(), testing::StartsWith("ssh-ed25519 "));
  EXPECT_EQ(server.received().occupied(), ByteSize{});
}

} // namespace kdt::run
