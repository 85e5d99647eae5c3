#pragma once

#include "base/file.hpp"
#include "model/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace kdt::e2e {

/// run.json of a run directory, read back.
RunResult read_run(const fs::path& run_directory);

/// The one cell whose id holds this text; throws when there is none or more than one.
const CellResult& cell_with(const RunResult& run, std::string_view text);

/// The ids of the cells that the journal has as ended, in its order.
std::vector<std::string> journal_cells(const fs::path& run_directory);

/// The names of the directories under cells/, sorted.
std::vector<std::string> cell_directories(const fs::path& run_directory);

/// For messages: verdict and findings of every cell.
std::string findings_text(const RunResult& run);

/// Follows events.jsonl of a cell that is running.
class EventReader {
public:
  explicit EventReader(fs::path cell_directory) : file_(std::move(cell_directory) / "events.jsonl") {}

  /// Reads what was added; the phase that began last, "" before the first.
  const std::string& phase();
  /// The agent was asked this since the phase began.
  bool asked(std::string_view ask);

private:
  void read_on();
  void take(const std::string& line);

  fs::path file_;
  std::uint64_t offset_ = 0;
  std::string rest_;
  std::string phase_;
  std::vector<std::string> asks_; ///< of this phase
};

/// Some cell of the run is in this phase.
bool in_phase(const fs::path& run_directory, Phase phase);

} // namespace kdt::e2e
