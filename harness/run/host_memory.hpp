#pragma once

#include "base/units.hpp"
#include "machine/machine.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kdt::run {

/// What the host has of memory, as far as we may use it: a memory limit of our control group, or of one above it,
/// counts like the end of the host's own.
struct HostMemory {
  ByteSize total;
  ByteSize available;          ///< may be taken now without anybody being pushed out
  std::uint64_t oom_kills = 0; ///< processes that the kernel ended for lack of memory, since the host started
};

/// Reads /proc/meminfo, /proc/vmstat, /proc/self/cgroup and, of cgroups version 1 and 2, /sys/fs/cgroup, all below
/// root. Throws Error{infra} when not even /proc/meminfo can be read.
HostMemory host_memory(const std::filesystem::path& root = "/");

/// What guests leave alone, for kdt, verification and the page cache: a sixteenth of the host, 256 MiB to 1 GiB.
ByteSize memory_reserve(ByteSize total);

/// What guests may take now: available memory less the reserve.
ByteSize host_memory_budget(const HostMemory& memory = host_memory());

/// Why an emulator that ended so was the victim of a host without memory, as the end of a sentence; nullopt when
/// nothing says that it was. oom_kills_before: of the host, before the guest started.
std::optional<std::string> memory_shortage(const machine::Ended& ended, std::uint64_t oom_kills_before,
                                           const HostMemory& now);

/// What our own child processes, on a kernel that lists them, and these others occupy at the moment, each for itself.
/// One that is both counts once.
ByteSize memory_of_children(const std::vector<int>& others = {});

} // namespace kdt::run
