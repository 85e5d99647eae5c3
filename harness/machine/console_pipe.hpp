#pragma once

#include "base/unique_fd.hpp"
#include "machine/byte_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace kdt::machine {

/// Our end of a pipe from a UART of the emulator, to which nothing is typed. A UART writes byte by byte: in a socket
/// each byte is a message of its own and wakes its reader, which took a fifth of kdt's processor time of a cell. In a
/// pipe they gather, and as long as the guest prints nobody waits for the next byte: it is looked for a hundred times a
/// second.
class ConsolePipe final : public ByteStream {
public:
  /// The other end goes to the emulator. Throws Error{infra}.
  explicit ConsolePipe(boost::asio::io_context& context, std::chrono::milliseconds pause = k_pause);

  /// The emulator's end, until read().
  int theirs() const { return theirs_.get(); }

  void read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close) override;
  /// Nothing may be written.
  void write(std::string text) override;
  void catch_up() override;

private:
  /// A pipe has room for 64 KiB, more than a guest prints in that time.
  static constexpr std::chrono::milliseconds k_pause{10};

  void wait();
  void pause();
  void look();
  /// Reads once; whether there was anything.
  bool take();

  boost::asio::posix::stream_descriptor pipe_;
  UniqueFd paused_; ///< the pipe between two looks: who waits for a descriptor is woken by each write to it
  UniqueFd theirs_;
  std::function<void(std::string_view)> on_bytes_;
  std::function<void()> on_close_;
  std::chrono::milliseconds pause_;
  boost::asio::steady_timer timer_;
  char buffer_[65536];
};

} // namespace kdt::machine
