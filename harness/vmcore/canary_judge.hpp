#pragma once

#include "model/finding.hpp"
#include "model/value.hpp"
#include "vmcore/canary.hpp"

#include <string_view>
#include <vector>

namespace kdt::vmcore {

/// Whether a dump of this filter level (makedumpfile -d, 0 to 31) leaves out pages of this kind.
/// Source: makedumpfile(8), "-d dump_level": 1 zero, 2 cache without private, 4 cache with private, 8 user, 16 free.
bool leaves_out(unsigned filter, std::string_view kind);

/// What a dump of this filter level should show of the canaries, held against what it shows: pages that are missing,
/// damaged, or there though the filter leaves them out. A free page may be used again before the panic: when it holds
/// something else, nothing is said of it. Of a page of zeros a kdump file does not tell whether it was left out.
/// `elf`: the dump is an ELF core, in which makedumpfile keeps what is left out by fewer than 256 pages at a time
/// (PFN_EXCLUDED of 1.7.2), so that finding it there is no fault, and nor is finding zeros.
std::vector<Finding> judge_canaries(const std::vector<Canary>& canaries, const std::vector<Sighting>& sightings,
                                    unsigned filter, bool elf = false);

/// vmcore.canaries (asked for), vmcore.canaries_intact, vmcore.canaries_left_out, vmcore.canaries_reused.
void observe_canaries(const std::vector<Canary>& canaries, const std::vector<Sighting>& sightings, unsigned filter,
                      bool elf, Facts& facts);

} // namespace kdt::vmcore
