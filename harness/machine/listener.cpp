#include "machine/listener.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace kdt::machine {

Listener::Listener(std::filesystem::path path) : path_(std::move(path)) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  auto name = path_.string();
  if (name.size() >= sizeof address.sun_path)
    throw Error(Blame::infra, "{}: too long a name for a socket: set TMPDIR to a shorter one", name);
  std::ranges::copy(name, address.sun_path);
  socket_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_ || ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket_.get(), 1) != 0)
    throw Error(Blame::infra, "{}: cannot make a socket: {}", name, errno_text(errno));
}

Listener::~Listener() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

UniqueFd Listener::accept(Deadline deadline) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.left()).count();
  pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  while (::poll(&wait, 1, static_cast<int>(std::min<long long>(left, 60'000))) < 0 && errno == EINTR) {
  }
  UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection) throw Error(Blame::infra, "{}: nobody connected: {}", path_.string(), errno_text(errno));
  return connection;
}

} // namespace kdt::machine
