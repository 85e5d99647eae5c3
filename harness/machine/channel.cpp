#include "machine/channel.hpp"

#include "base/error.hpp"

#include <boost/asio/write.hpp>

#include <sys/socket.h>

namespace kdt::machine {

namespace asio = boost::asio;
using boost::system::error_code;

Channel::Channel(asio::io_context& context) : socket_(context) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw Error(Blame::infra, "cannot make a socket pair: {}", errno_text(errno));
  socket_.assign(asio::local::stream_protocol(), ends[0]);
  socket_.non_blocking(true);
  theirs_ = UniqueFd(ends[1]);
}

Channel::Channel(asio::io_context& context, UniqueFd connected) : socket_(context) {
  socket_.assign(asio::local::stream_protocol(), connected.release());
  socket_.non_blocking(true);
}

void Channel::read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close) {
  theirs_.reset();
  on_bytes_ = std::move(on_bytes);
  on_close_ = std::move(on_close);
  read_some();
}

void Channel::write(std::string text) {
  queue_.push_back(std::move(text));
  if (queue_.size() == 1) write_next();
}

void Channel::read_some() {
  socket_.async_read_some(asio::buffer(buffer_), [this](error_code error, std::size_t n) {
    if (n > 0) on_bytes_({buffer_, n});
    if (!error) return read_some();
    if (error != asio::error::operation_aborted) on_close_();
  });
}

void Channel::write_next() {
  asio::async_write(socket_, asio::buffer(queue_.front()), [this](error_code error, std::size_t) {
    queue_.pop_front();
    if (error) queue_.clear();
    if (!queue_.empty()) write_next();
  });
}

} // namespace kdt::machine
