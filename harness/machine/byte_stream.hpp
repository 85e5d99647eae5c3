#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace kdt::machine {

/// Our end of a stream to the guest: a socket, or a stream of libvirt's. Used by the thread that runs the context that
/// it was made with.
class ByteStream {
public:
  virtual ~ByteStream() = default;

  /// Calls back with each chunk that arrives, then once when the other end has closed.
  virtual void read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close) = 0;
  /// Queues the text; a peer that is gone is not an error here: its end is an event of its own.
  virtual void write(std::string text) = 0;
  /// Calls back now with what has arrived, and with the end, if it was left to be read together with what follows.
  virtual void catch_up() {}
};

} // namespace kdt::machine
