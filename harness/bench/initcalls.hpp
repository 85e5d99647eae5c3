#pragma once

#include "bench/results.hpp"

#include <string>
#include <vector>

namespace kdt::bench {

/// What a kernel with initcall_debug says of its own boot.
struct KernelBoot {
  struct Initcall {
    std::string name;
    double milliseconds;
  };
  std::vector<Initcall> initcalls{}; ///< before /init, the slowest first; those of one name together
  double all = 0;                    ///< milliseconds of all of them
  double init = 0;                   ///< milliseconds from its first line to "Run /init"
};

/// What both kernels' command lines need so that their initcalls reach the console.
inline constexpr const char* k_initcall_words = "initcall_debug ignore_loglevel";

/// The system kernel and the capture kernel of a console. Throws Error{infra} when it does not show both from "Booting
/// Linux" to "Run /init", with their initcalls.
std::vector<KernelBoot> read_initcalls(const std::string& console);

/// Adds for both kernels what all initcalls took, the time until /init, and the slowest initcalls.
void add_initcalls(const std::string& console, Results& results);

} // namespace kdt::bench
