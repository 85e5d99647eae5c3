#include "machine/channel.hpp"

#include "base/error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <cstring>
#include <sys/socket.h>

namespace kdt::machine {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
/// All of a short text and a descriptor, in one message.
bool send_with(int socket, std::string& text, int fd) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}
} // namespace

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

void Channel::write_with(std::string text, int fd) {
  KDT_ASSERT(queue_.empty());
  if (!send_with(socket_.native_handle(), text, fd))
    throw Error(Blame::infra, "cannot hand a descriptor over: {}", errno_text(errno));
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

void Lines::feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line) {
  for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    line_ += bytes.substr(0, end);
    if (line_.size() <= k_longest) on_line(line_);
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
  if (line_.size() <= k_longest) line_ += bytes;
}

} // namespace kdt::machine
