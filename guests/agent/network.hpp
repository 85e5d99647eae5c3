#pragma once

#include "kdt/records.hpp"
#include "system.hpp"

#include <string>
#include <sys/types.h>

namespace kdt::agent {

/// An ssh client that carries a dump to the host, as kdump-tools does: makedumpfile -F | ssh.
class SshClient {
public:
  /// Brings the network up and starts ssh; throws Trouble. What it is given is written to the server's standard input.
  explicit SshClient(const protocol::SshTarget& target);
  /// Ends it if finish() was not called.
  ~SshClient();
  SshClient(const SshClient&) = delete;
  SshClient& operator=(const SshClient&) = delete;

  int input() const { return input_.get(); }
  /// Closes the input and waits until the server has taken everything. Returns ssh's exit status; `words` is what it
  /// printed.
  int finish(std::string& words);

private:
  Fd input_;
  Fd log_;
  pid_t pid_ = -1;
};

} // namespace kdt::agent
