#pragma once

#include "base/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::vmcore {

enum class Format {
  empty,     ///< no byte at all
  blank,     ///< begins with zeros: a disk that nobody wrote to
  flattened, ///< makedumpfile -F: a stream of (offset, size, bytes) records
  kdump,     ///< makedumpfile's page-by-page file, compressed or not
  elf,       ///< makedumpfile -E, or a plain copy of /proc/vmcore
  unknown
};

/// empty, blank, flattened, kdump, elf, unknown.
std::string_view to_string(Format format);

/// What a dump's own headers promise, held against the file, without any library: libkdumpfile 0.5.1 reads zeros
/// beyond the end of a file and calls it success.
struct Shape {
  Format format = Format::unknown;
  bool aarch64 = false; ///< little-endian 64-bit Arm, by the header
  std::uint64_t file_bytes = 0;
  std::uint64_t needed_bytes = 0; ///< where the last thing ends that a header points to, as far as they could be read
  bool incomplete = false;        ///< the tool that wrote it has marked it so (no space left)
  std::uint64_t pages = 0;        ///< pages that are stored; ELF: bytes of the segments over 4 KiB
  std::uint64_t holes = 0;        ///< page descriptors that were never written
  std::uint64_t bitmap_bytes = 0; ///< of each of a kdump file's two
  PhysAddr addresses_end{0};      ///< of those that the bitmaps speak of
  std::vector<PhysRange> memory;  ///< what the dump says was memory (excluded pages too), merged and in order

  bool truncated() const { return needed_bytes > file_bytes || incomplete || holes > 0; }
};

/// Reads the headers of an open file; throws Error{infra} when it cannot be read. Memory stays under a few MiB
/// whatever the headers say.
Shape inspect(int fd);

} // namespace kdt::vmcore
