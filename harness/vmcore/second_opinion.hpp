#pragma once

#include "model/finding.hpp"
#include "model/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::vmcore {

/// What crash(8) says of a vmcore; what it did not say is empty.
struct SecondOpinion {
  std::string release;
  std::optional<unsigned> cpus;
  std::string panic; ///< the panic message that it found
  std::string task;  ///< name of the task that panicked
  std::optional<std::int64_t> pid;
  std::optional<unsigned> cpu;    ///< where that task ran
  std::vector<std::string> stack; ///< functions of its back trace, innermost first
  std::vector<std::string> log;   ///< lines of the kernel log
};

/// The commands whose output read_crash_output reads, one a line.
std::string_view crash_commands();

/// Reads what crash prints for these commands. Pure; never throws.
SecondOpinion read_crash_output(std::string_view output);

/// opinion.*: release, cpus, task, stack, log_lines, as far as crash told them.
Facts observe(const SecondOpinion& opinion);

/// Where it differs from our own reading, by the observations vmcore.* and our log: a finding `opinions-differ` for
/// each question, both answers as its evidence. What one of the two does not know is not held against it, but an
/// opinion without release, task and log is none.
std::vector<Finding> compare(const Facts& own, std::string_view own_log, const SecondOpinion& opinion);

} // namespace kdt::vmcore
