#pragma once

#include "run/history.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace kdt::cli {

/// One experiment of one matrix.
struct PastExperiment {
  std::string id{};
  std::string matrix{};               ///< its name
  std::vector<run::PastCell> cells{}; ///< at least one, the newest first
};

/// Cells of experiments, which may be called the same in several matrices, by experiment and matrix, in this order. The
/// cells of each are in the order in which they come.
std::vector<PastExperiment> past_experiments(std::vector<run::PastCell> cells);

/// One experiment's past for a terminal: how often it ran and failed, then a line for each of the newest cells. most:
/// so many lines.
std::string history_text(const PastExperiment& experiment, std::size_t most);

/// A past cell as one JSON object.
nlohmann::ordered_json history_json(const run::PastCell& cell);

} // namespace kdt::cli
