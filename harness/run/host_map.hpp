#pragma once

#include "base/memory.hpp"
#include "kdt/records.hpp"

#include <string>
#include <vector>

namespace kdt::run {

/// The linear map and the crash regions as the page tables in the guest's memory have them, in the shapes of the probe
/// (without stores and segments). The kernel's VMCOREINFO note says where the tables are: any kernel that can kdump has
/// one, so no module, no symbol table and no register is needed. Throws Error{infra} for a note or tables that cannot
/// be understood, and what read throws.
protocol::ProbeAnswer read_host_map(const ReadMemory& read, const PhysRange& ram, const protocol::NotePlace& note,
                                    const std::vector<PhysRange>& regions);

/// How two readings differ, a sentence each; none when they agree. Which pages are read-only is compared in the regions
/// only: the kernel changes aliases elsewhere when it frees what a module's initialisation used. pages_close: it also
/// closes and opens single pages all the time (KFENCE, debug_pagealloc), so that closed pages count as pages.
std::vector<std::string> map_differences(const protocol::ProbeAnswer& probe, const protocol::ProbeAnswer& host,
                                         bool pages_close = false);

} // namespace kdt::run
