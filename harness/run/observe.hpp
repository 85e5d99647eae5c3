#pragma once

#include "base/units.hpp"
#include "kdt/records.hpp"
#include "model/cell.hpp"
#include "model/value.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kdt::run {

/// From what the agent told to named observations (matrix/observation_names lists them all). Pure.

/// boot.* and reservation.*, from the system kernel's facts.
void observe_boot(const protocol::Facts& facts, Facts& observed);

/// boot.seconds as measured, and boot.early_seconds: what of it the kernel's own clock did not see, by the last time
/// stamp of its log.
void observe_boot_time(double seconds, const protocol::Facts& facts, Facts& observed);

/// What the cell's words load, other and unload are to the agent.
std::vector<std::string> load_operations(const CellParameters& parameters);

/// load.*.
void observe_load(const protocol::LoadAnswer& answer, Facts& observed);

/// map.* or hostmap.*, from a reading before the load: `prefix` is "map." or "hostmap.".
void observe_map(const std::string& prefix, const protocol::ProbeAnswer& reading, Facts& observed);

/// hostmap.closed_pages, from a reading after the load.
void observe_closed_pages(const protocol::ProbeAnswer& reading, Facts& observed);

/// grow.*, shrink.* or shrink_loaded.*: what became of an attempt to change the size of the crash region; of shrink
/// also where the region and its companion lie afterwards.
void observe_resize(const std::string& attempt, const protocol::ResizeAnswer& answer, Facts& observed);

/// map.* and probe.before*, from the probe that ran before the load.
void observe_probe_before(const protocol::ProbeAnswer& answer, Facts& observed);

/// probe.faulted_pages and probe.landed_pages, from the probe that ran after the load; and, if it is known which the
/// segments are, probe.segments and probe.rest with their page counts.
void observe_probe_after(const protocol::ProbeAnswer& answer, const std::optional<std::vector<PhysRange>>& segments,
                         Facts& observed);

/// Pages of the crash regions that the probe did not try to write to; 0 when its runs cover them without a gap.
std::uint64_t untried_pages(const protocol::ProbeAnswer& answer);

/// capture.*, from the capture kernel's facts.
void observe_capture(const protocol::Facts& facts, Facts& observed);

/// save.*.
void observe_save(const protocol::SaveAnswer& answer, Facts& observed);

} // namespace kdt::run
