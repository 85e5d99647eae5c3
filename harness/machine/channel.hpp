#pragma once

#include "base/unique_fd.hpp"
#include "machine/byte_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace kdt::machine {

/// Our end of a socket to the emulator.
class Channel final : public ByteStream {
public:
  /// A socket pair; the other end goes to the emulator. Throws Error{infra}.
  explicit Channel(boost::asio::io_context& context);
  /// A stream socket that is connected already.
  Channel(boost::asio::io_context& context, UniqueFd connected);

  /// The emulator's end, until read(); -1: there is none of ours.
  int theirs() const { return theirs_.get(); }

  void read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close) override;
  void write(std::string text) override;
  /// The same with a copy of this descriptor (SCM_RIGHTS); nothing may be queued. Throws Error{infra} when it cannot be
  /// sent.
  void write_with(std::string text, int fd);

private:
  void read_some();
  void write_next();

  boost::asio::local::stream_protocol::socket socket_;
  UniqueFd theirs_;
  std::function<void(std::string_view)> on_bytes_;
  std::function<void()> on_close_;
  std::deque<std::string> queue_;
  char buffer_[65536];
};

/// Cuts a byte stream into lines; a line over the limit is dropped whole.
class Lines {
public:
  static constexpr std::size_t k_longest = std::size_t{4} << 20; ///< the agent's contract is 1 MiB

  /// Calls back with each line that these bytes complete, without its newline.
  void feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line);

private:
  std::string line_;
};

} // namespace kdt::machine
