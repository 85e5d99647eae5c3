#pragma once

#include "bench/measured.hpp"
#include "image/images.hpp"

#include <filesystem>
#include <string>

namespace kdt::bench {

/// How the bare script's guest is set up.
struct BareSettings {
  std::string memory = "4G";
  std::string crashkernel = "256M";
  std::string save = "-l -d 31";                ///< makedumpfile's options
  std::string accelerator = "tcg,thread=multi"; ///< of QEMU's -accel
};

/// One call of bench/bare-cell.sh.
struct BareCell {
  Measured measured;
  Seconds save{0}; ///< in the guest's time, from the capture kernel's first word until the dump was flushed
};

/// What the guest of the bare script prints: how long it saved. Throws Error{infra} when it did not come so far.
Seconds saved_in(const std::string& console);

/// The guest's init with makedumpfile's options filled in.
std::string bare_init(const std::filesystem::path& repository, const std::string& save);

/// Runs the script with this kernel in a directory of its own. Throws Error{infra} when it fails.
BareCell run_bare_cell(const std::filesystem::path& repository, const image::KernelImage& kernel,
                       const BareSettings& settings);

} // namespace kdt::bench
