#include "channel.hpp"

#include "kdt/protocol.hpp"

#include <cerrno>
#include <sys/epoll.h>

namespace kdt::agent {

Channel::Channel(Fd port) : port_(std::move(port)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) fail("cannot make an epoll descriptor");
  // Edge-triggered: while no host is connected the port reports EPOLLHUP all the time, and only the driver's wake-up
  // when that changes is news (drivers/char/virtio_console.c, handle_control_message).
  epoll_event want{.events = EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLET, .data = {}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, port_.get(), &want) != 0) fail("cannot wait for the agent port");
}

void Channel::wait() {
  epoll_event event{};
  if (epoll_wait(epoll_.get(), &event, 1, -1) != 1) return;
  const bool now = (event.events & EPOLLHUP) == 0;
  if (now && !connected_) greet_ = true;
  if (!now) {
    input_.clear();
    skipping_ = false;
  }
  connected_ = now;
}

bool Channel::take_line(std::string& line) {
  const auto newline = input_.find('\n');
  if (newline == std::string::npos) return false;
  line = input_.substr(0, newline);
  input_.erase(0, newline + 1);
  return true;
}

Channel::Incoming Channel::next() {
  for (;;) {
    if (std::exchange(greet_, false)) return {What::connected, {}};
    std::string line;
    if (take_line(line)) {
      if (!std::exchange(skipping_, false)) return {What::line, std::move(line)};
      continue;
    }
    if (input_.size() > protocol::k_max_line) {
      input_.clear();
      if (!std::exchange(skipping_, true)) return {What::too_long, {}};
    }
    char buffer[16384];
    const ssize_t got = read(port_.get(), buffer, sizeof buffer);
    if (got > 0) {
      input_.append(buffer, static_cast<std::size_t>(got));
    } else if (got == 0 || errno == EAGAIN) {
      wait();
    } else if (errno != EINTR) {
      fail("cannot read from the agent port");
    }
  }
}

void Channel::send(const protocol::Json& message) {
  // Text from the kernel log or a tool need not be UTF-8.
  std::string line = message.dump(-1, ' ', false, protocol::Json::error_handler_t::replace);
  if (line.size() > protocol::k_max_line) {
    protocol::Json instead = {{"error", "the answer is longer than a line may be"}};
    if (message.contains("id")) instead["id"] = message["id"];
    line = instead.dump();
  }
  line += '\n';
  std::string_view rest = line;
  while (connected_ && !rest.empty()) {
    const ssize_t put = write(port_.get(), rest.data(), rest.size());
    if (put > 0) {
      rest.remove_prefix(static_cast<std::size_t>(put));
    } else if (put == 0 || errno == EAGAIN) {
      wait();
      if (greet_) return; // the host left and came back: the rest of the line is of no use to it
    } else if (errno != EINTR) {
      fail("cannot write to the agent port");
    }
  }
}

} // namespace kdt::agent
