#pragma once

#include "base/units.hpp"
#include "model/value.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kdt {

/// How the capture kernel saves the dump.
struct DumpSettings {
  int filter = 31;                  ///< makedumpfile -d, 0 to 31
  std::string compression = "lzo";  ///< none, zlib, lzo, snappy, zstd
  std::string format = "flattened"; ///< flattened, kdump, elf, copy
  std::string target = "raw"; ///< raw: straight onto a disk; ext4: a file in a file system on it; ssh: to the host
  unsigned threads = 0;       ///< of makedumpfile; 0: it is not told
  unsigned split = 1;         ///< files that a kdump dump is split into
  friend bool operator==(const DumpSettings&, const DumpSettings&) = default;
};

/// Everything a cell needs to run, after axes, defaults and includes were put together.
struct CellParameters {
  std::string kernel{}; ///< a name of images/kernels.yaml or --kernel
  ByteSize memory = ByteSize::gib(2);
  unsigned cpus = 2;
  std::string cpu = "cortex-a57";      ///< a QEMU CPU model
  std::optional<std::string> rodata{}; ///< as on the command line; nullopt: not given
  std::optional<std::string>
      crashkernel; ///< as on the command line, several forms joined by spaces; nullopt: not given
  std::string loader = "kexec_file_load"; ///< kexec_file_load, kexec_load, none (a negative control)
  std::string trigger = "sysrq-c";        ///< a name of matrices/triggers/
  std::optional<unsigned> trigger_cpu{};  ///< on which it is pulled; nullopt: on any
  std::string capture_trigger{};          ///< pulled in the capture kernel instead of saving; empty: none
  std::string loads = "load";             ///< what is done one after the other: load, unload, other (the other loader)
  std::optional<ByteSize> initramfs_size{}; ///< of the capture kernel's initramfs, filled up with zeros; nullopt: as is
  bool dtb_randomness = true;               ///< QEMU puts seeds into the device tree
  std::string tcg_threads = "single";       ///< of QEMU under TCG: single, for all vCPUs; multi, one for each
  std::optional<ByteSize> shrink{}; ///< written to kexec_crash_size before the load; nullopt: the region stays as it is
  DumpSettings dump{};
  std::string cmdline{};         ///< more words for the system kernel
  std::string capture_cmdline{}; ///< more words for the capture kernel
  friend bool operator==(const CellParameters&, const CellParameters&) = default;
};

/// One experiment of the matrix.
struct Cell {
  std::string id{};                                        ///< axis=value words in declared order, joined by '/'
  std::string slug{};                                      ///< the id as a file name
  std::vector<std::pair<std::string, std::string>> axes{}; ///< in declared order, values as written
  CellParameters parameters;
};

/// The id without the "#2" of a repeat: the experiment that a cell and its repeats are.
std::string experiment_id(const std::string& cell_id);

/// The system kernel's command line that the parameters ask for (without what kdt itself adds).
std::string system_cmdline(const CellParameters& parameters);

} // namespace kdt
