#pragma once

#include "base/unique_fd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <array>

namespace kdt::machine {

/// Passes bytes between two stream sockets, each way no faster than they are taken. The end of one stream is the end of
/// what is written to the other. Used by the thread that runs the context.
class Relay {
public:
  Relay(boost::asio::io_context& context, UniqueFd one, UniqueFd other);

private:
  using Socket = boost::asio::local::stream_protocol::socket;
  struct Way {
    Socket& from;
    Socket& to;
    std::array<char, 65536> buffer{};
  };
  void pass(Way& way);

  Socket one_;
  Socket other_;
  Way there_{one_, other_};
  Way back_{other_, one_};
};

} // namespace kdt::machine
