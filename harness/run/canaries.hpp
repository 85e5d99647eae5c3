#pragma once

#include "base/units.hpp"
#include "kdt/canary_records.hpp"
#include "model/value.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace kdt::run {

/// The kinds of canaries, as protocol::Canary names them.
const std::vector<std::string>& canary_kinds();

/// The key of a cell's canaries follows from its nonce, so that whoever knows the nonce can verify the dump.
std::uint64_t canary_key(const std::string& nonce);

/// canary.*, panic.system_ram and panic.crash_regions.
void observe_canaries(const protocol::CanariesAnswer& answer, std::uint64_t page_size, Facts& observed);

/// The kinds of which not one page was planted.
std::vector<std::string> unplanted_kinds(const protocol::CanariesAnswer& answer);

/// The observation of that name, "0xSTART-0xEND" each; empty when there is none. Throws Error{usage} for what is no
/// range: cell.json may come from anywhere.
std::vector<PhysRange> observed_ranges(const Facts& observed, std::string_view name);

} // namespace kdt::run
