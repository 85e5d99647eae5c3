#pragma once

#include "base/units.hpp"
#include "kdt/records.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kdt::guest {

/// The loaded segments, from a source that knows nothing of the page tables: the kernel's own list if the probe has it,
/// else what `kexec -d` listed for kexec_load; nullopt if neither tells.
std::optional<std::vector<PhysRange>> segments_of(const protocol::ProbeAnswer& probe, const protocol::LoadAnswer& load);

/// The parts of a region whose page-table entries are not valid.
std::vector<PhysRange> invalid_parts(const protocol::Region& region);

/// How the stores to one part of a region went, in bytes; pages, all of them.
struct Stores {
  ByteSize landed{};
  ByteSize faulted{};
  /// `lands`, `faults`, `mixed`, or `none` if the part is empty: the words of expectations.
  std::string word() const;
  friend bool operator==(const Stores&, const Stores&) = default;
};

/// The stores to the segments and to the rest, over all regions. Segments are rounded outwards to pages of `granule`
/// bytes, as the kernel protects them.
struct Protection {
  Stores segments{};
  Stores rest{};
};
Protection protection(const protocol::ProbeAnswer& probe, const std::vector<PhysRange>& segments);

/// Bytes of a region by mapping, in the words of protocol::LinearMap: pte, contpmd, …, invalid, none.
std::map<std::string, ByteSize> mapping(const protocol::Region& region);

/// Is everything mapped with single base pages? Entries that are not valid count with the level they stand on.
bool base_pages_only(const protocol::Region& region);

/// The same for the whole linear map, read-only parts left out: up to 6.17 the alias of the kernel image may be mapped
/// with blocks whatever the rest is
/// (arch/arm64/mm/mmu.c, map_mem). What is not valid does not count.
bool base_pages_only(const protocol::LinearMap& map);

} // namespace kdt::guest
