#pragma once

#include "base/units.hpp"
#include "model/finding.hpp"

#include <vector>

namespace kdt::vmcore {

/// The parts of these ranges that lie in none of those; both may come in any order.
std::vector<PhysRange> without(const std::vector<PhysRange>& ranges, const std::vector<PhysRange>& those);

/// What a dump has to hold: System RAM as the system kernel listed it, without the crash regions, whole pages.
std::vector<PhysRange> dumped_memory(const std::vector<PhysRange>& system_ram,
                                     const std::vector<PhysRange>& crash_regions, std::uint64_t page_size);

/// The memory that a dump says it is of, held against what it has to hold: no gap, no page of a crash region, nothing
/// that is no RAM.
std::vector<Finding> judge_coverage(const std::vector<PhysRange>& dump, const std::vector<PhysRange>& system_ram,
                                    const std::vector<PhysRange>& crash_regions, std::uint64_t page_size);

} // namespace kdt::vmcore
