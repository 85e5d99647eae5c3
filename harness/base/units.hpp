#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kdt {

/// A number of bytes.
struct ByteSize {
  std::uint64_t bytes = 0;

  static constexpr ByteSize kib(std::uint64_t n) { return {n << 10}; }
  static constexpr ByteSize mib(std::uint64_t n) { return {n << 20}; }
  static constexpr ByteSize gib(std::uint64_t n) { return {n << 30}; }

  friend constexpr auto operator<=>(ByteSize, ByteSize) = default;
  friend constexpr ByteSize operator+(ByteSize a, ByteSize b) { return {a.bytes + b.bytes}; }
  friend constexpr ByteSize operator-(ByteSize a, ByteSize b) { return {a.bytes - b.bytes}; }
};

/// Reads 100K, 256M, 1G, 2T or plain bytes, the kernel's own notation (memparse: powers of 1024, case ignored);
/// nullopt for anything else, and for what does not fit 64 bits.
std::optional<ByteSize> parse_byte_size(std::string_view text);

/// The shortest exact notation that parse_byte_size reads back: 268435456 is "256M", 5000 is "5000".
std::string to_string(ByteSize size);

/// For people: "1.2 GB", powers of ten.
std::string human(ByteSize size);

/// A guest-physical address.
struct PhysAddr {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(PhysAddr, PhysAddr) = default;
};

/// "0xf0000000".
std::string to_string(PhysAddr address);

/// A range of guest-physical memory, end exclusive.
struct PhysRange {
  PhysAddr start;
  PhysAddr end;

  ByteSize size() const { return {end.value - start.value}; }
  bool contains(PhysAddr address) const { return start <= address && address < end; }
  bool overlaps(const PhysRange& other) const { return start < other.end && other.start < end; }
  friend constexpr auto operator<=>(const PhysRange&, const PhysRange&) = default;
};

} // namespace kdt
