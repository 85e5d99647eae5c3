#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kdt::agent {

/// A virtio-blk drive, found by its serial number.
struct Drive {
  std::string name; // vda
  std::string path; // /dev/vda
  std::uint64_t size = 0;
};

/// Throws Trouble if no drive has that serial number.
Drive find_drive(std::string_view serial);

/// Bytes that the kernel has written to the drive since it started.
std::uint64_t bytes_written(const Drive& drive);

/// Room for what is read or written at a time past the page cache (O_DIRECT): k_direct_piece bytes, aligned.
using DirectPiece = std::unique_ptr<char, void (*)(void*)>;
inline constexpr std::size_t k_direct_piece = std::size_t{1} << 20;
/// Throws Trouble.
DirectPiece make_direct_piece();

/// Copies the first `size` bytes of the drive to a file; throws Trouble if it holds less.
void copy_from_drive(const Drive& drive, std::uint64_t size, const std::string& file);

} // namespace kdt::agent
