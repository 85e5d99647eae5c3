#pragma once

#include "base/file.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <sys/types.h>

namespace kdt::machine {

/// The hidden subcommand that LibvirtRoot starts kdt itself with; main() hands it to keeper_main.
inline constexpr std::string_view k_keeper_command = "__keep-libvirt-root";

/// The private root of an embedded libvirt. Its emulators are no children of ours (libvirt makes daemons of them) and
/// have no socket whose end would end them. So a process of its own, the keeper, waits for our end, SIGKILL included:
/// then it ends every emulator of this root and removes the root.
class LibvirtRoot {
public:
  /// Makes a root below $TMPDIR, or uses one that was named, which stays, as does its etc/qemu.conf. keeper: the
  /// program to start, empty: none. Throws Error{infra}.
  LibvirtRoot(const std::filesystem::path& named, const std::filesystem::path& keeper);
  LibvirtRoot(LibvirtRoot&&) = delete;
  ~LibvirtRoot();

  const std::filesystem::path& path() const { return path_; }

  /// Asking QEMU what it is capable of takes libvirt seconds. It keeps the answers in its root, and looks itself
  /// whether they still hold (of which QEMU, kernel and libvirt they are): this keeps them in kdt's cache for the next
  /// root.
  void keep_capabilities() const;

  /// Runs it in a thread of its own. Where root runs libvirt's QEMU driver, that looks for the system user libvirt-qemu
  /// although its configuration names another one (libvirt 9.0, virQEMUDriverConfigNew), and a host without libvirt's
  /// daemons has no such user: the thread then sees one. Throws what it throws.
  void with_driver_user(const std::function<void()>& function) const;

private:
  void start_keeper(const std::filesystem::path& program, bool removes);
  void show_user() const;

  std::optional<TempDir> own_;
  std::filesystem::path path_;
  UniqueFd alive_; ///< the keeper reads its other end
  pid_t keeper_ = -1;
};

/// What kdt keeps for its embedded libvirts between runs. Throws Error{usage} where kdt has no place for a cache.
std::filesystem::path libvirt_cache();

/// Whose emulators: in a root that was named there may be some of the user's own.
enum class Guests { all, ours };

/// Ends every emulator that has this path in its command line; true when there was one.
bool end_processes_of(const std::filesystem::path& root, Guests with = Guests::all);

/// argv: program, k_keeper_command, root, "remove" or "leave".
int keeper_main(int argc, char** argv);

} // namespace kdt::machine
