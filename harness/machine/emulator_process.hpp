#pragma once

#include "base/child.hpp"
#include "base/unique_fd.hpp"

#include <optional>

namespace kdt::machine {

/// The process of an emulator on this host that is no child of ours. Its number may be another's once it has ended;
/// this is not.
class EmulatorProcess {
public:
  /// Whoever is at the other end of this connected Unix socket. Throws Error{infra}.
  explicit EmulatorProcess(int socket);
  EmulatorProcess(EmulatorProcess&&) = delete;
  /// It is not ended.
  ~EmulatorProcess();

  int pid() const { return pid_; }
  /// The most memory that it has had resident so far.
  ByteSize peak_memory() const { return peak_memory_of(pid_); }
  std::optional<ProcessorTime> processor_time() const { return processor_time_of(pid_); }
  /// On a host without memory the kernel ends it before us and before what the user runs. Best effort.
  void offer_to_oom_killer() const;
  /// SIGKILL, and waits for its end; false when we may not, or it does not end within 2 s.
  bool kill() const;

private:
  int pid_ = -1;
  UniqueFd handle_;
};

/// The processes of which there is an EmulatorProcess.
std::vector<int> emulators_of_libvirt();

} // namespace kdt::machine
