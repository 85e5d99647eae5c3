#pragma once

#include "base/units.hpp"

#include <cstdint>

namespace kdt::pagetable {

/// What a running kernel says about itself in its VMCOREINFO note (Documentation/admin-guide/kdump/vmcoreinfo.rst).
struct KernelNote {
  std::uint64_t page_size = 0;      ///< PAGESIZE
  std::uint64_t swapper_pg_dir = 0; ///< SYMBOL(swapper_pg_dir), virtual, KASLR included
  std::uint64_t kimage_voffset = 0; ///< virtual minus physical address of the kernel image
  std::uint64_t phys_offset = 0;    ///< PHYS_OFFSET, modulo 2^64: physical address of PAGE_OFFSET
  std::uint64_t va_bits = 0;        ///< VA_BITS as configured
  std::uint64_t tcr_el1_t1sz = 0;   ///< of the CPU: 64 - T1SZ are the bits in use
};

/// Where the page tables of an arm64 kernel are, and which of their addresses are the linear map.
struct Layout {
  PhysAddr root{};               ///< of the table that TTBR1_EL1 holds
  std::uint64_t granule = 0;     ///< 4096, 16384 or 65536
  unsigned va_bits = 0;          ///< that the hardware translates
  std::uint64_t start = 0;       ///< first virtual address that the tables translate
  std::uint64_t end = 0;         ///< where the linear map ends
  std::uint64_t page_offset = 0; ///< virtual address of phys_offset
  std::uint64_t phys_offset = 0; ///< modulo 2^64

  PhysAddr physical(std::uint64_t va) const { return {va - page_offset + phys_offset}; }
  std::uint64_t virtual_of(PhysAddr pa) const { return pa.value - phys_offset + page_offset; }
};

/// Throws Error{infra} for a granule or a size of address space that no arm64 kernel has.
Layout layout_of(const KernelNote& kernel);

} // namespace kdt::pagetable
