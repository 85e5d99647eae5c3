#pragma once

#include "base/unique_fd.hpp"

#include <filesystem>

namespace kdt::machine {

/// libvirt makes daemons of an embedded driver's emulators, and asks every 0.2 s whether the number of one that it
/// ended is free (virProcessKillPainfullyDelay, 9.0: 15 s at most). That is so when its parent has taken note: PID 1,
/// which in a container or a small virtual machine may take seconds to do so, or never does. So this process adopts
/// them (PR_SET_CHILD_SUBREAPER), learns their numbers from the files in which libvirt writes them, and takes note
/// itself, in libvirt's event thread. Processes that others leave behind are adopted, too, from then on, and stay
/// zombies until this process ends.
class LibvirtReaper {
public:
  /// directory: where the driver writes NAME.pid, there before. Where that cannot be watched nothing is adopted.
  explicit LibvirtReaper(const std::filesystem::path& directory);
  LibvirtReaper(LibvirtReaper&&) = delete;
  /// Those that it has seen are still taken note of.
  ~LibvirtReaper();

private:
  int watch_ = -1; ///< of virEventAddHandle
};

/// Takes note that this process has ended, if it has and is a child of ours.
void reap(const UniqueFd& process);

} // namespace kdt::machine
