#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::vmcore::tiny {

inline constexpr std::uint64_t k_physical = 0x40000000;
inline constexpr std::uint64_t k_virtual = 0xffff800040000000;
inline constexpr std::uint64_t k_page = 4096;

/// Memory of a machine with 16 pages, mapped by a page table of its own, and what vmcoreinfo says about it.
struct Memory {
  std::vector<unsigned char> bytes = std::vector<unsigned char>(16 * k_page);
  std::string vmcoreinfo;

  template <typename T>
  void put(std::uint64_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  bool read(std::uint64_t address, void* to, std::size_t count) const;
};

// Where the log lies in Memory.
inline constexpr std::uint64_t k_prb_pointer = 2 * k_page;
inline constexpr std::uint64_t k_ring = k_prb_pointer + 64;
inline constexpr std::uint64_t k_descs = 3 * k_page;
inline constexpr std::uint64_t k_infos = 4 * k_page;
inline constexpr std::uint64_t k_text = 8 * k_page;
inline constexpr unsigned k_count_bits = 4;
inline constexpr unsigned k_text_bits = 9;

/// A kernel that printed these messages into a ring of 16 records and 512 bytes; the oldest are overwritten.
Memory kernel(const std::vector<std::string>& messages, std::string_view release = "6.1.0-tiny");

/// What a kernel before 5.10 leaves: a log_buf whose first record stands at `first`.
Memory old_kernel(const std::vector<std::string>& messages, std::uint32_t first);

/// One PRSTATUS note for each pc, then VMCOREINFO.
std::string notes(const Memory& memory, const std::vector<std::uint64_t>& pcs);

/// The bytes of an ELF vmcore; machine is EM_AARCH64 unless told otherwise.
std::string elf(const Memory& memory, const std::vector<std::uint64_t>& pcs = {1, 2}, unsigned machine = 183);
/// The bytes of a kdump-compressed vmcore with every page stored plain.
std::string kdump(const Memory& memory, const std::vector<std::uint64_t>& pcs = {1, 2});
/// A dump as makedumpfile -F streams it, in records of at most `piece` bytes.
std::string flattened(std::string_view dump, std::size_t piece = 5000, bool end_marker = true);

/// Where kdump() puts its first page descriptor and its first page.
inline constexpr std::uint64_t k_descriptors_at = (1 + 3 + 18) * k_page;
inline constexpr std::uint64_t k_pages_at = k_descriptors_at + k_page;

} // namespace kdt::vmcore::tiny
