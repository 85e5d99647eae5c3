#pragma once

#include "base/units.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kdt::vmcore {

/// A page whose content the guest knew just before it panicked: kdt/canary.h for the content, kdt/canary_records.hpp
/// for the kinds.
struct Canary {
  std::string kind; ///< kernel, zero, slab, free, cache, user
  PhysAddr address;
};

/// What a dump shows of one canary.
struct Sighting {
  enum class State {
    absent,   ///< the dump does not store the page
    intact,   ///< every byte is what the key says
    zeros,    ///< the page is there and full of zeros
    different ///< it holds something else
  };
  PhysAddr address;
  State state = State::absent;
  std::uint64_t at = 0; ///< different: offset of the first eight bytes that are not as they should be
};

/// Reads physical memory; false when any byte of it is not stored.
using ReadPhysical = std::function<bool(PhysAddr address, void* to, std::size_t bytes)>;

/// Looks for each canary in a dump.
std::vector<Sighting> look_for(std::uint64_t key, const std::vector<PhysAddr>& canaries, std::uint64_t page_size,
                               const ReadPhysical& read);

void to_json(nlohmann::ordered_json& json, const Sighting& sighting);
void from_json(const nlohmann::ordered_json& json, Sighting& sighting);

} // namespace kdt::vmcore
