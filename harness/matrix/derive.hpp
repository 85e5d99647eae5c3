#pragma once

#include "model/cell.hpp"
#include "model/value.hpp"

namespace kdt::matrix {

/// Where RAM starts on QEMU's virt machine (kernel-facts: one memory node at 1 GiB whatever the size).
inline constexpr std::uint64_t k_ram_base = 0x40000000;

/// The facts of a cell: its parameters, the kernel's facts, and what follows from the two by arithmetic or by reading
/// the command line. Nothing here depends on the kernel's version: what does (rodata_full, linear_map…) is derived by
/// rules (Rules::complete). names.cpp lists every fact. Sizes and addresses are integers of bytes.
Facts derive(const CellParameters& cell, const Facts& kernel_facts);

} // namespace kdt::matrix
