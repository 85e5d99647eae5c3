#pragma once

#include "base/child.hpp"
#include "base/file.hpp"
#include "e2e/place.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>

namespace kdt::e2e {

/// A real sshd that a test starts and stops, on a port of its own of the loopback address: its host key, the client's
/// key and the client's configuration are made for it and go with the place; no account's own keys are touched.
class Sshd {
public:
  /// Why there can be none on this host; nullopt: there can.
  static std::optional<std::string> missing();

  /// Sessions see the files that this process sees: the other host is its mount namespace.
  Sshd(const Place& place, int process);
  ~Sshd();

  bool runs() const;
  /// libvirt's URI for the system daemon there.
  std::string uri() const;
  /// The client knows another key of this host from now on.
  void be_a_stranger() const;
  std::string log() const { return read_file(directory_ / "log"); }

private:
  void know_host_by(const char* public_key) const;

  fs::path directory_;
  int port_ = 0;
  bool made_run_directory_ = false;
  boost::asio::io_context context_;
  std::optional<Child> child_;
};

} // namespace kdt::e2e
