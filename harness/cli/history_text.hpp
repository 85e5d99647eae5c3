#pragma once

#include "run/history.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace kdt::cli {

/// One experiment's past for a terminal: how often it ran and failed, then a line for each of the newest cells. most:
/// so many lines. The cells are the newest first; they are at least one.
std::string history_text(const std::string& experiment, const std::vector<run::PastCell>& cells, std::size_t most);

/// A past cell as one JSON object.
nlohmann::ordered_json history_json(const run::PastCell& cell);

} // namespace kdt::cli
