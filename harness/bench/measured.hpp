#pragma once

#include "base/deadline.hpp"
#include "base/process.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::bench {

/// What a program took.
struct Measured {
  ExitStatus status;
  Seconds wall{0};
  Seconds own{0};      ///< processor time of the program itself, all threads
  Seconds children{0}; ///< of the children it waited for, and theirs
};

/// Runs a program to its end, with nothing between it and us; what it prints goes to a file. It dies with us. Throws
/// Error{infra} when it cannot be started or measured.
Measured measure(const std::vector<std::string>& argv, const std::filesystem::path& output);

} // namespace kdt::bench
