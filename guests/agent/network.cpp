#include "network.hpp"

#include "child.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <utility>

namespace kdt::agent {

namespace {

// What QEMU's user network gives the first guest of its own (net/slirp.c).
constexpr const char* k_address = "10.0.2.15";
constexpr const char* k_netmask = "255.255.255.0";

void network_up() {
  const ChildEnd end = run_child({"busybox", "ifconfig", "eth0", k_address, "netmask", k_netmask, "up"});
  if (end.exit_status != 0) throw Trouble("cannot bring eth0 up: " + end.output);
}

void make_file(const std::string& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC).get(), text, path);
}

/// ssh wants to know who it is.
void write_identity(const protocol::SshTarget& target) {
  mkdir("/etc", 0755);
  make_file("/etc/passwd", "root:x:0:0:root:/:/bin/busybox\n");
  make_file("/ssh-key", target.key);
  make_file("/ssh-hosts", target.address + " " + target.host_key + "\n");
}

} // namespace

SshClient::SshClient(const protocol::SshTarget& target) {
  network_up();
  write_identity(target);
  Pipe pipe = make_pipe();
  input_ = std::move(pipe.in);
  log_ = open_file("/ssh-log", O_RDWR | O_CREAT | O_TRUNC);
  const std::string who = target.user + "@" + target.address;
  const char* words[] = {"ssh",
                         "-i",
                         "/ssh-key",
                         "-o",
                         "BatchMode=yes",
                         "-o",
                         "UserKnownHostsFile=/ssh-hosts",
                         "-o",
                         "StrictHostKeyChecking=yes",
                         who.c_str(),
                         "dd",
                         nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe.out.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log_.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log_.get(), STDERR_FILENO);
  errno = posix_spawnp(&pid_, words[0], &actions, nullptr, const_cast<char**>(words), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (errno != 0) fail("cannot run ssh");
}

SshClient::~SshClient() {
  std::string ignored;
  if (pid_ > 0) kill(pid_, SIGKILL);
  if (pid_ > 0) finish(ignored);
}

int SshClient::finish(std::string& words) {
  input_ = Fd{};
  const int status = wait_for(std::exchange(pid_, -1));
  words = read_text("/ssh-log");
  return status;
}

} // namespace kdt::agent
