#pragma once

#include "base/deadline.hpp"
#include "base/process.hpp"
#include "vmcore/judge.hpp"

#include <filesystem>
#include <stop_token>
#include <string_view>
#include <vector>

namespace kdt::vmcore {

/// The hidden subcommand that verify() starts kdt itself with; main() hands it to verify_child_main.
inline constexpr std::string_view k_verify_command = "__verify-vmcore";

/// The child: reads one vmcore, writes the kernel log, prints Contents as one JSON document on stdout.
/// argv: program, k_verify_command, vmcore, assembled, log, seconds for reading pages, Query as JSON.
int verify_child_main(int argc, char** argv);

/// A vmcore to verify and where what comes out of it goes.
struct Subject {
  std::filesystem::path vmcore;    ///< a file, or a raw disk (image) that holds it; flattened, kdump-compressed or ELF
  std::filesystem::path assembled; ///< what a flattened stream is put together as; empty: vmcore + ".assembled"
  std::filesystem::path log;       ///< vmcore-dmesg.txt; empty: vmcore + "-dmesg.txt"
  Seconds page_budget{30};         ///< reading every stored page ends here, and is vmcore-unproven if it was not over
};

struct Report {
  Facts facts; ///< those of observe(), and verify.*: what reading took
  std::vector<Finding> findings;
  std::filesystem::path vmcore; ///< the dump that libkdumpfile and crash can open: assembled, or the one that was given
  std::filesystem::path log;    ///< empty when none was written
};

/// 4 GiB of address space, the budget twice over as CPU time and files no larger than the guest's memory can need.
Limits verify_limits(const Subject& subject);

/// Runs the child under these limits, without a network, and judges what it saw. A child that crashes, runs over its
/// limits or the deadline, or prints something else is the finding verify-crashed. Throws Error{infra} when the vmcore
/// cannot be read or the files not be written, Interrupted at a stop request.
Report verify(const Subject& subject, const Expectation& expectation, const Limits& limits, Deadline deadline,
              std::stop_token stop = {});

} // namespace kdt::vmcore
