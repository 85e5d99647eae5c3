#pragma once

#include "base/units.hpp"
#include "machine/libvirt_uri.hpp"
#include "machine/machine.hpp"

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace kdt::cli {

/// One host that runs guests: an entry of a file of hosts.
struct Host {
  machine::LibvirtUri uri{};
  unsigned slots = 1;                                ///< of its processors; a guest of more than two CPUs takes several
  ByteSize memory{};                                 ///< that guests may occupy there
  std::optional<machine::Accelerator> accelerator{}; ///< nullopt: as its libvirt says
};

/// Reads a file of hosts:
///
///     hosts:
///       - {uri: "qemu+ssh://lab1/system", slots: 8, memory: 64G, accelerator: kvm}
///
/// Throws Error{usage} with file:line:column.
std::vector<Host> read_hosts(const std::filesystem::path& file);

/// Which host runs which guest. Used by all threads of a run.
class Placement {
public:
  explicit Placement(const std::vector<Host>& hosts);

  /// The host on which the largest part is free, of those that have the slots and the memory; waits for one. Where none
  /// that is left is that large at all, the emptiest. Throws Error{infra} when none is left, Interrupted at stop.
  std::size_t take(unsigned slots, ByteSize memory, std::stop_token stop = {});
  void give_back(std::size_t host, unsigned slots, ByteSize memory);
  /// It does not answer any more: no guest goes there from now on.
  void lose(std::size_t host);
  /// How many were lost so far.
  int lost() const;

private:
  struct Load {
    unsigned slots = 0;
    ByteSize memory{};
    unsigned used_slots = 0;
    ByteSize used_memory{};
    bool lost = false;
    bool holds(unsigned more, ByteSize memory_more) const;
    double free_part() const;
    /// Whether it would, empty.
    bool could_hold(unsigned more, ByteSize memory_more) const { return more <= slots && memory_more <= memory; }
  };
  void tell();
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t changes_ = 0;
  std::vector<Load> hosts_;
};

} // namespace kdt::cli
