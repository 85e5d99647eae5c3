#pragma once

#include "base/file.hpp"
#include "base/scratch_file.hpp"
#include "base/unique_fd.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace kdt::run {

/// An ssh server for one connection, over a socket pair and not over a port: QEMU's user network hands what the guest
/// sends to 10.0.2.100:22 to the other end. Whatever the client asks for, the server writes its input to a file. Keys
/// are made for it and go with it; nothing listens, and no account's own keys are touched.
class SshServer {
public:
  /// Why there can be none on this host, as a sentence; nullopt: there can.
  static std::optional<std::string> missing();

  /// Starts it; what it receives goes to a new file in `directory`, its log to `log`. Throws Error{infra}, Interrupted.
  SshServer(const std::filesystem::path& directory, const std::filesystem::path& log, std::stop_token stop);
  ~SshServer();

  /// The end for QEMU; open as long as this object lives or until give_up_peer().
  int peer() const { return peer_.get(); }
  /// Closes our copy of QEMU's end, once QEMU has its own: then the server sees the guest's end as the end.
  void give_up_peer() { peer_.reset(); }
  const std::string& user() const { return user_; }
  const std::string& client_key() const { return client_key_; } ///< private, in OpenSSH's format
  const std::string& host_key() const { return host_key_; }     ///< public: "ssh-ed25519 AAAA…"
  const ScratchFile& received() const { return received_; }

private:
  void make_key(const std::string& name, std::stop_token stop);

  TempDir place_;
  ScratchFile received_;
  UniqueFd peer_;
  std::string user_;
  std::string client_key_;
  std::string host_key_;
  struct Server;
  std::unique_ptr<Server> server_;
};

} // namespace kdt::run
