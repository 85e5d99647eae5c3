#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
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
  std::set<std::uint64_t> left_out{}; ///< pages, by number, that kdump() does not store
  std::set<std::uint64_t> lost{};     ///< nor even lists as memory

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

/// What one CPU saved of itself. One without pc saved nothing.
struct Cpu {
  Cpu(std::uint64_t counter) : pc(counter), sp(counter == 0 ? 0 : k_virtual) {}
  Cpu(std::uint64_t counter, std::uint64_t stack, std::uint64_t frame) : pc(counter), sp(stack), fp(frame) {}
  std::uint64_t pc, sp, fp = 0;
};

// Where crash() puts what the kernel knows of its CPUs.
inline constexpr std::uint64_t k_kernel_data = 9 * k_page;
inline constexpr std::uint64_t k_percpu = 10 * k_page; ///< of CPU 0; that of the next follows after k_percpu_bytes
inline constexpr std::uint64_t k_percpu_bytes = 1024;
inline constexpr std::uint64_t k_stacks = 11 * k_page;
inline constexpr std::uint64_t k_tasks = 12 * k_page;

/// A kernel whose CPU 1 panicked in task "sh" while CPU 0 idled: notes, frame records, tasks and banner are in memory.
/// Code is imagined from k_virtual + 13 pages on.
std::vector<Cpu> crash(Memory& memory, std::string_view release = "6.1.0-tiny");
/// Its symbols as they were linked, `offset` below where they are (vmcoreinfo of kernel() says KERNELOFFSET=0).
std::map<std::string, std::uint64_t> crash_addresses(std::uint64_t offset = 0);
/// Code of that kernel by its distance from _text: idle, panic, sysrq_handle_crash, each 256 bytes, from page 13 on.
std::optional<std::string> code_at(std::uint64_t distance);

/// One PRSTATUS note for each CPU, then VMCOREINFO.
std::string notes(const Memory& memory, const std::vector<Cpu>& cpus);

/// The bytes of an ELF vmcore; machine is EM_AARCH64 unless told otherwise.
std::string elf(const Memory& memory, const std::vector<Cpu>& cpus = {1, 2}, unsigned machine = 183);
/// The bytes of a kdump-compressed vmcore with every page stored plain.
std::string kdump(const Memory& memory, const std::vector<Cpu>& cpus = {1, 2});
/// The headers of a kdump file of a terabyte, half of which are its bitmaps, and which claims that many pages; and a
/// stream of some KiB that makes that file, which is all a hole behind the headers.
std::string headers_of_a_terabyte(std::uint64_t pages);
std::string stream_of_a_terabyte(std::uint64_t pages);
/// A dump as makedumpfile -F streams it, in records of at most `piece` bytes.
std::string flattened(std::string_view dump, std::size_t piece = 5000, bool end_marker = true);

/// Where kdump() puts its first page descriptor and its first page.
inline constexpr std::uint64_t k_descriptors_at = (1 + 3 + 18) * k_page;
inline constexpr std::uint64_t k_pages_at = k_descriptors_at + k_page;

} // namespace kdt::vmcore::tiny
