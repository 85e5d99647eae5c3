#pragma once

#include "base/unique_fd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace kdt::machine {

/// Our end of a stream to the emulator. Used by the thread that runs the context.
class Channel {
public:
  /// A socket pair; the other end goes to the emulator. Throws Error{infra}.
  explicit Channel(boost::asio::io_context& context);
  /// A stream socket that is connected already.
  Channel(boost::asio::io_context& context, UniqueFd connected);

  /// The emulator's end, until read(); -1: there is none of ours.
  int theirs() const { return theirs_.get(); }

  /// Calls back with each chunk that arrives, then once when the other end has closed.
  void read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close);

  /// Queues the text; a peer that is gone is not an error here: its end is an event of its own.
  void write(std::string text);

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
  static constexpr std::size_t k_longest = std::size_t{4} << 20; // the agent's contract is 1 MiB

  template <typename Handler>
  void feed(std::string_view bytes, Handler handler) {
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      line_ += bytes.substr(0, end);
      if (line_.size() <= k_longest) handler(std::string_view(line_));
      line_.clear();
      bytes.remove_prefix(end + 1);
    }
    if (line_.size() <= k_longest) line_ += bytes;
  }

private:
  std::string line_;
};

} // namespace kdt::machine
