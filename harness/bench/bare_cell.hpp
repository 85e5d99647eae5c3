#pragma once

#include "bench/measured.hpp"
#include "image/images.hpp"
#include "model/cell.hpp"

#include <filesystem>
#include <string>

namespace kdt::bench {

/// How the bare script's guest is set up.
struct BareSettings {
  std::string memory = "4G";
  std::string crashkernel = "256M";
  std::string save = "makedumpfile -l -d 31";   ///< with its options, and in front what its environment shall have
  std::string accelerator = "tcg,thread=multi"; ///< of QEMU's -accel
  std::string drive = "cache=unsafe";           ///< of QEMU's -drive for the dump
  std::string cmdline{};                        ///< more words for the system kernel
  std::string capture_cmdline = "console=ttyAMA0 panic=1 maxcpus=1 reset_devices"; ///< all of it
};

/// One call of bench/bare-cell.sh.
struct BareCell {
  Measured measured;
  Seconds save{0};       ///< in the guest's time, from the capture kernel's first word until the dump was flushed
  std::string console{}; ///< of both kernels
};

/// The work of a cell of kdt's as one would do it by hand: its memory, and its dump level and compression. The panic
/// is always sysrq-c, and the dump always a flattened one. Throws Error{usage} for a compression that it does not know.
BareSettings by_hand(const CellParameters& parameters);

/// What the guest of the bare script prints: how long it saved. Throws Error{infra} when it did not come so far.
Seconds saved_in(const std::string& console);

/// The guest's init with its marks filled in.
std::string bare_init(const std::filesystem::path& repository, const BareSettings& settings);

/// Runs the script with this kernel in a directory of its own. Throws Error{infra} when it fails.
BareCell run_bare_cell(const std::filesystem::path& repository, const image::KernelImage& kernel,
                       const BareSettings& settings);

} // namespace kdt::bench
