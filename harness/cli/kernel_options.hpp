#pragma once

#include "image/images.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace kdt::cli {

/// --kernel and --kernels, the same for every subcommand that takes cells.
struct KernelOptions {
  image::OwnKernels own{};

  void add_to(CLI::App& app);
  /// As they were typed, for a command that does the same again.
  std::vector<std::string> words() const;
};

} // namespace kdt::cli
