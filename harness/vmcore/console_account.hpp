#pragma once

#include "model/finding.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::vmcore {

/// The console's account of the kernel that panicked, held against the log in its dump.
struct Account {
  std::size_t compared = 0;                ///< lines of the console that were looked for in the log
  std::vector<std::string> not_in_log;     ///< the console has them, the log does not
  std::vector<std::string> not_on_console; ///< the log has them and their level is printed, the console does not
  bool dropped = false;                    ///< the console says itself that messages were dropped
};

/// Compares up to the first line that holds `panic`, that one included; where the console has no such line, as long as
/// the first kernel speaks. Lines that are older than what the ring still holds are not compared, nor are lines of the
/// log behind the last one that the console shows: they were not printed yet. `levels` has a digit for each line of the
/// log; lines of `loglevel` and above are not printed (Documentation/core-api/printk-basics.rst).
Account hold_against_console(std::string_view console, const std::vector<std::string>& log, std::string_view levels,
                             std::string_view panic, unsigned loglevel);

/// The level below which a kernel with this command line prints: 7, quiet 4, debug 10, loglevel=N, ignore_loglevel.
unsigned console_loglevel(std::string_view cmdline);

/// vmcore-log-differs when either has what the other lacks. A console that dropped messages accuses nobody of what it
/// lacks itself.
std::vector<Finding> judge_account(const Account& account);

} // namespace kdt::vmcore
