#pragma once

#include "base/file.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace kdt::e2e {

/// A kdump-compressed file in memory, to be damaged: what its headers lead to, by the layout of makedumpfile's
/// diskdump_mod.h. Throws Error when something is not there.
class KdumpFile {
public:
  explicit KdumpFile(const fs::path& file);

  void write(const fs::path& file) const { write_file(file, bytes_); }

  /// Flips one bit of the bytes that store a page.
  void flip_byte(PhysAddr page);
  /// The page is no longer stored: its bit and its descriptor go.
  void drop_page(PhysAddr page);
  /// The memory of a range was never there: the bits and descriptors of its pages go.
  void drop_memory(const PhysRange& range);
  /// The registers of the first two PRSTATUS notes change places.
  void swap_notes();
  /// The digit behind every occurrence of a text outside of the pages becomes another; how many there were.
  int change_digit_after(std::string_view text);

private:
  std::uint64_t number(std::uint64_t at, unsigned bytes) const;
  bool bit(std::uint64_t bitmap, std::uint64_t frame) const;
  void clear(std::uint64_t bitmap, std::uint64_t frame);
  std::uint64_t descriptor(std::uint64_t frame) const;
  void drop_stored(std::uint64_t first, std::uint64_t end);

  std::string bytes_;
  std::uint64_t block_ = 0;
  std::uint64_t memory_ = 0; ///< bitmap of what was memory
  std::uint64_t stored_ = 0; ///< bitmap of what is stored
  std::uint64_t descriptors_ = 0;
  std::uint64_t first_page_ = 0; ///< where the first page's data stands
};

} // namespace kdt::e2e
