#include "run/ssh_server.hpp"

#include "base/child.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "run/dump_target.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kdt::run {

namespace {

constexpr std::chrono::minutes k_key_patience{2};

std::string user_name() {
  const auto* entry = ::getpwuid(::geteuid());
  if (entry == nullptr) throw Error(Blame::infra, "the user that runs kdt has no name, as sshd wants it");
  return entry->pw_name;
}

std::string config_text(const fs::path& place) {
  return fmt::format("HostKey {0}/host\nAuthorizedKeysFile {0}/authorized\nStrictModes no\nUsePAM no\n"
                     "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                     "PermitRootLogin forced-commands-only\nDisableForwarding yes\nPidFile none\nUseDNS no\n",
                     place.string());
}

} // namespace

/// The process, out of the header: Asio is slow to compile.
struct SshServer::Server {
  explicit Server(const Command& command, const ChildFds& fds) : child(context.get_executor(), command, fds) {}
  boost::asio::io_context context;
  Child child;
};

SshServer::~SshServer() = default;

std::optional<std::string> SshServer::missing() {
  if (!find_system_program("sshd")) return "sshd is not installed on this host: apt-get install openssh-server";
  if (!find_program("ssh-keygen")) return "ssh-keygen is not installed on this host: apt-get install openssh-client";
  if (::geteuid() == 0 && !fs::is_directory("/run/sshd"))
    return "sshd runs as root and wants the directory /run/sshd: mkdir /run/sshd";
  return std::nullopt;
}

void SshServer::make_key(const std::string& name, std::stop_token stop) {
  auto finished = run_program(
      {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kdt", "-f", (place_.path() / name).string()}},
      Deadline::after(k_key_patience), stop);
  if (!finished.status.success())
    throw Error(Blame::infra, "ssh-keygen ended with {}: {}", to_string(finished.status), trim(finished.err));
}

SshServer::SshServer(const fs::path& directory, const fs::path& log, std::stop_token stop)
    : place_("kdt-ssh"), received_(directory, {}), user_(user_name()) {
  make_key("host", stop);
  make_key("client", stop);
  client_key_ = read_file(place_.path() / "client");
  host_key_ = std::string(trim(read_file(place_.path() / "host.pub")));
  write_file(place_.path() / "config", config_text(place_.path()));
  // Whatever the client asks for, this is what it gets.
  write_file(place_.path() / "authorized",
             fmt::format("restrict,command=\"exec cat >{}\" {}\n", received_.path().string(),
                         trim(read_file(place_.path() / "client.pub"))));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw Error(Blame::infra, "cannot make a socket pair: {}", errno_text(errno));
  UniqueFd ours(ends[0]);
  peer_ = UniqueFd(ends[1]);
  auto words = open_file(log, O_WRONLY | O_CREAT | O_TRUNC);
  auto sshd = find_system_program("sshd");
  KDT_ASSERT(sshd.has_value()); // missing() was asked
  server_ =
      std::make_unique<Server>(Command{.argv = {sshd->string(), "-i", "-e", "-f", (place_.path() / "config").string()}},
                               ChildFds{.in = ours.get(), .out = ours.get(), .err = words.get(), .inherited = {}});
}

} // namespace kdt::run
