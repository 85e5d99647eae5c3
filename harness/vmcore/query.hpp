#pragma once

#include "base/units.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kdt::vmcore {

/// Addresses of a kernel's symbols as it was linked, by name, without the offset that KASLR added.
using LinkAddresses = std::map<std::string, std::uint64_t>;

/// What the child of verify() looks for besides what every dump has; it crosses the process boundary as JSON.
struct Query {
  std::uint64_t key = 0;            ///< of the canaries
  std::vector<PhysAddr> canaries{}; ///< at most a few hundred: they travel on a command line
  std::vector<PhysRange> pieces{};  ///< of memory: which of these does the dump store no page of?
  LinkAddresses symbols{};          ///< of crash_symbols(); empty: nothing is known of the kernel
};

nlohmann::ordered_json to_json(const Query& query);
/// Throws nlohmann::json::exception when it is not what to_json writes.
Query query_from_json(const nlohmann::ordered_json& json);

} // namespace kdt::vmcore
