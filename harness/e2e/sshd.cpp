#include "e2e/sshd.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "e2e/program.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kdt::e2e {

namespace {

constexpr const char* k_run_directory = "/run/sshd"; // sshd's privilege separation wants it

constexpr const char* k_server = R"(ListenAddress 127.0.0.1
Port {1}
HostKey {0}/host
AuthorizedKeysFile {0}/client.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PidFile none
UseDNS no
)";

/// libvirt's URI names the key; the host's key is the client configuration's.
constexpr const char* k_client = R"(UserKnownHostsFile {0}/known_hosts
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
IdentitiesOnly yes
IdentityAgent none
)";

constexpr const char* k_ssh = R"sh(#!/bin/sh
exec ssh -F "$(dirname "$0")/client.conf" "$@"
)sh";

fs::path sshd_program() { // not in every user's PATH
  for (const char* path : {"/usr/sbin/sshd", "/usr/local/sbin/sshd"})
    if (fs::exists(path)) return path;
  return find_program("sshd").value_or("");
}

/// One that nobody has; somebody may take it before sshd does.
int free_port() {
  UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address); // NOLINT: as socket(7) has it
  if (::bind(probe.get(), generic, size) != 0 || ::getsockname(probe.get(), generic, &size) != 0)
    throw Error(Blame::infra, "no free port on the loopback address: {}", errno_text(errno));
  return ::ntohs(address.sin_port);
}

} // namespace

std::optional<std::string> Sshd::missing() {
  if (sshd_program().empty()) return "sshd is missing";
  for (const char* program : {"ssh", "ssh-keygen", "nsenter", "virt-ssh-helper"})
    if (!find_program(program)) return fmt::format("{} is missing", program);
  return std::nullopt;
}

Sshd::Sshd(const Place& place, int process) : directory_(place.path() / "sshd"), port_(free_port()) {
  make_directories(directory_);
  for (const char* key : {"host", "client"})
    run_program({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", (directory_ / key).string()}},
                Deadline::after(std::chrono::minutes(1)));
  write_file(directory_ / "server.conf", fmt::format(k_server, directory_.string(), port_));
  write_file(directory_ / "client.conf", fmt::format(k_client, directory_.string()));
  write_file(directory_ / "ssh", k_ssh);
  fs::permissions(directory_ / "ssh", fs::perms::owner_all);
  know_host_by("host.pub");
  std::error_code ignored;
  made_run_directory_ = fs::create_directory(k_run_directory, ignored);
  auto log = open_file(directory_ / "log", O_WRONLY | O_CREAT | O_APPEND);
  child_.emplace(context_.get_executor(),
                 Command{.argv = {"nsenter", "-t", std::to_string(process), "-m", sshd_program().string(), "-D", "-e",
                                  "-f", (directory_ / "server.conf").string()}},
                 ChildFds{.in = -1, .out = log.get(), .err = log.get(), .inherited = {}});
  eventually([&] { return runs(); }, Deadline::after(std::chrono::seconds(30)));
}

Sshd::~Sshd() {
  child_.reset();
  std::error_code ignored;
  if (made_run_directory_) fs::remove(k_run_directory, ignored);
}

bool Sshd::runs() const {
  return log().find("Server listening on 127.0.0.1") != std::string::npos;
}

std::string Sshd::uri() const {
  return fmt::format("qemu+ssh://root@127.0.0.1:{}/system?keyfile={}&command={}", port_,
                     (directory_ / "client").string(), (directory_ / "ssh").string());
}

void Sshd::be_a_stranger() const {
  know_host_by("client.pub");
}

void Sshd::know_host_by(const char* public_key) const {
  write_file(directory_ / "known_hosts", fmt::format("[127.0.0.1]:{} {}", port_, read_file(directory_ / public_key)));
}

} // namespace kdt::e2e
