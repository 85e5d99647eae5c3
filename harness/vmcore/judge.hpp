#pragma once

#include "model/finding.hpp"
#include "model/value.hpp"
#include "vmcore/canary.hpp"
#include "vmcore/contents.hpp"
#include "vmcore/crash_judge.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::vmcore {

/// What the vmcore should say. What is not given is not judged.
struct Expectation {
  std::optional<std::string> release;   ///< uname -r of the kernel that was booted
  std::optional<std::string> build_id;  ///< of that kernel, hex; not judged where vmcoreinfo has no BUILD-ID
  std::optional<std::string> nonce;     ///< the log must hold the line "kdt: nonce <nonce>"
  std::optional<unsigned> cpus;         ///< CPUs that were online at the panic
  std::vector<PhysRange> system_ram;    ///< as the system kernel listed it before the panic; empty: not judged
  std::vector<PhysRange> crash_regions; ///< of that kernel; no dump holds them
  std::uint64_t canary_key = 0;
  std::vector<Canary> canaries;
  unsigned filter = 0;           ///< the level that the dump was saved with: decides which canaries it leaves out
  std::optional<KernelMap> map;  ///< of the kernel that was booted: without it, nothing has a name
  std::string console;           ///< what the console showed; empty: not known
  unsigned console_loglevel = 7; ///< lines below it are printed
  /// The log must hold one of these; empty: not judged. A fatal oops reaches the capture kernel before panic() prints.
  std::vector<std::string> panic_markers{"Kernel panic - not syncing", "Internal error: ", "Starting crashdump kernel"};
};

/// Pieces of memory in which no canary could be planted: the kernel owns all of each, which no filter leaves out. Only
/// large ones: a few pages may be those of a process. None where no canary was planted at all.
std::vector<PhysRange> pieces_of_the_kernel(const Expectation& expectation);

/// The observations vmcore.*: format, size, release, build_id, page_size, crash_time, memory, pages, pages_read (of a
/// kdump file), cpus (with registers), log_lines, panic and, when expected, nonce, canaries*, console_lines and those
/// of observe_crash(). Of an unreadable vmcore only the first two.
Facts observe(const Contents& contents, std::string_view log, const Expectation& expectation);

/// What is not judged because it is not expected, for people: a dump that nothing is known of is soon found good.
std::vector<std::string> not_judged(const Expectation& expectation);

/// Every difference, gravest first. A dump that is cut off or unreadable has that one finding only; vmcore-unproven,
/// that not every page was read, is said where nothing else is.
std::vector<Finding> judge(const Contents& contents, std::string_view log, const Expectation& expectation);

} // namespace kdt::vmcore
