#pragma once

#include "base/child.hpp"
#include "e2e/place.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace kdt::e2e {

/// libvirtd's guests are daemons, whose end PID 1 takes note of: in a container or a small virtual machine after
/// seconds, and until then libvirtd asks whether they live (machine/libvirt_reaper.hpp). While one of these lives,
/// guests that this process' children leave behind are its own, and it takes note at once.
class GuestReaper {
public:
  GuestReaper();
  ~GuestReaper();

private:
  int before_ = 0; ///< whether it adopts them by another of these
  std::jthread looks_;
};

/// A libvirtd that a test starts and stops, known by its pid and reached by a socket of its own.
class Libvirtd {
public:
  /// What start() starts becomes the daemon without forking, and has made the socket when it can be asked.
  Libvirtd(fs::path directory, Command command, fs::path socket);

  void start();
  bool runs() const { return fs::exists(socket_); }
  /// SIGKILL.
  void kill() { child_.reset(); }
  /// SIGTERM, and waits for its end.
  void stop();
  void signal(int number) const;

  int pid() const { return child_->pid(); }
  const fs::path& directory() const { return directory_; }
  const fs::path& socket() const { return socket_; }
  std::string log() const { return read_file(directory_ / "log"); }

private:
  fs::path directory_;
  Command command_;
  fs::path socket_;
  GuestReaper reaper_;
  boost::asio::io_context context_;
  std::optional<Child> child_;
};

/// A system daemon. Everything of it is its own: a mount namespace hides the host's /run/libvirt and the like.
class SystemLibvirtd : public Libvirtd {
public:
  /// Why there can be none on this host; nullopt: there can.
  static std::optional<std::string> missing();

  explicit SystemLibvirtd(const Place& place, const char* name = "daemon");

  std::string uri() const;
};

/// A daemon of a user without privileges (who is root, but cannot know: a user namespace has this one user only).
/// HOME, XDG_RUNTIME_DIR and XDG_CONFIG_HOME are below the place, and so is all that it sees of the user's cache,
/// kdt's apart.
class SessionLibvirtd : public Libvirtd {
public:
  explicit SessionLibvirtd(const Place& place);

  /// The command as that user would start it, in this directory.
  Command as_user(std::vector<std::string> argv, const fs::path& directory) const;
};

/// The words of virsh's answer: names, mostly. What virsh says to an error fails the test.
std::vector<std::string> virsh(Command command);
std::vector<std::string> virsh(const std::string& uri, const std::vector<std::string>& words);

/// Emulators of the guests of this kdt, whoever started them.
std::vector<int> emulators_named_by(int pid);

} // namespace kdt::e2e
