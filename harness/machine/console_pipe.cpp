#include "machine/console_pipe.hpp"

#include "base/error.hpp"

#include <boost/asio/buffer.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace kdt::machine {

namespace asio = boost::asio;
using boost::system::error_code;

ConsolePipe::ConsolePipe(asio::io_context& context, std::chrono::milliseconds pause)
    : pipe_(context), pause_(pause), timer_(context) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(Blame::infra, "cannot make a pipe: {}", errno_text(errno));
  theirs_ = UniqueFd(ends[1]);
  pipe_.assign(ends[0]);
  pipe_.non_blocking(true);
}

void ConsolePipe::read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close) {
  theirs_.reset();
  on_bytes_ = std::move(on_bytes);
  on_close_ = std::move(on_close);
  wait();
}

void ConsolePipe::write(std::string text) {
  KDT_ASSERT(text.empty());
}

void ConsolePipe::wait() {
  // It takes nothing out: what it had taken would be delivered after what catch_up() takes meanwhile.
  pipe_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    paused_ = UniqueFd(pipe_.release());
    take();
    if (paused_) pause();
  });
}

void ConsolePipe::pause() {
  timer_.expires_after(pause_);
  timer_.async_wait([this](error_code error) {
    if (!error) look();
  });
}

void ConsolePipe::look() {
  if (!paused_) return; // catch_up() saw the end
  if (take()) {
    pause();
  } else if (paused_) {
    pipe_.assign(paused_.release());
    wait();
  }
}

bool ConsolePipe::take() {
  const auto n = ::read(paused_.get(), buffer_, sizeof buffer_);
  if (n > 0) {
    on_bytes_({buffer_, static_cast<std::size_t>(n)});
    return true;
  }
  if (n == 0 || errno != EAGAIN) {
    paused_.reset();
    on_close_();
  }
  return false;
}

void ConsolePipe::catch_up() {
  // Two reads: all that was there, as much as a pipe holds, and perhaps the end behind it.
  if (paused_ && take()) take();
  if (paused_ || !pipe_.is_open()) return;
  const auto n = ::read(pipe_.native_handle(), buffer_, sizeof buffer_); // the end is for who waits there
  if (n > 0) on_bytes_({buffer_, static_cast<std::size_t>(n)});
}

} // namespace kdt::machine
