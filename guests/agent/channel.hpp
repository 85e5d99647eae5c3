#pragma once

#include "kdt/fields.hpp"
#include "system.hpp"

#include <string>

namespace kdt::agent {

/// The agent's end of the virtio-serial port: lines in, JSON out, and word of the host's coming and going. It waits
/// for the host without a deadline: what to do with a silent guest is for the host to decide.
class Channel {
public:
  /// Throws Trouble if the port cannot be waited for.
  explicit Channel(Fd port);

  enum class What { connected, line, too_long };
  struct Incoming {
    What what;
    std::string line; // without the newline; empty unless `line`
  };
  /// The next thing that happened: the host opened the port, or it sent a line.
  Incoming next();

  /// Sends one line; without a listener it is lost, for the next listener starts with a hello.
  void send(const protocol::Json& message);

private:
  bool take_line(std::string& line);
  void wait();

  Fd port_;
  Fd epoll_;
  std::string input_;
  bool skipping_ = false; // inside a line that was too long
  bool connected_ = false;
  bool greet_ = false;
};

} // namespace kdt::agent
