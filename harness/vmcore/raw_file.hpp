#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace kdt::vmcore {

/// Positioned reads of a file or block device that somebody else owns.
class RawFile {
public:
  /// Throws Error{infra} when the size cannot be had.
  explicit RawFile(int fd);

  std::uint64_t size() const { return size_; }
  /// All of it, or false (the end of the file comes first). Throws Error{infra} on an I/O error.
  bool read(std::uint64_t at, void* to, std::uint64_t bytes) const;
  /// Where from here on the first byte is that lies in no hole of a sparse file; size() when there is none, and `at`
  /// itself where nobody knows of holes.
  std::uint64_t next_data(std::uint64_t at) const;

private:
  int fd_;
  std::uint64_t size_;
};

/// A little-endian value at any alignment (the host is little-endian: x86-64 or arm64).
template <typename T>
T load(const void* from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

} // namespace kdt::vmcore
