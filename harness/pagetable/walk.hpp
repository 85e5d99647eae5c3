#pragma once

#include "base/memory.hpp"
#include "kdt/records.hpp"
#include "pagetable/layout.hpp"

#include <span>
#include <vector>

namespace kdt::pagetable {

/// What a walk saw, in the shapes of the probe.
struct Reading {
  protocol::LinearMap linear_map{};
  std::vector<std::vector<protocol::MapRun>> ranges{}; ///< runs of each range that was asked for, without a gap
};

/// Walks all tables of the linear map in the guest's memory as the hardware does (VMSAv8-64 stage 1; Arm ARM, D8.3),
/// for every granule and up to 52 bits of virtual address, and counts what they map; of each range it tells the runs of
/// pages that are mapped alike. Nothing in memory is trusted: tables outside `ram`, more tables than so much RAM can
/// need, and entries that do not map the linear map end it with Error{infra}. Output addresses of 2^48 and more are not
/// understood, which no RAM of a virt machine has.
Reading walk(const Layout& layout, const PhysRange& ram, std::span<const PhysRange> ranges, const ReadMemory& read);

} // namespace kdt::pagetable
