#pragma once

#include "base/unique_fd.hpp"
#include "model/result.hpp"

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace kdt::run {

/// The truth of a run while it runs: journal.jsonl, appended and fsynced as cells end. Used by all cell threads.
class Journal {
public:
  /// Creates it with its first line, or appends to it when it exists (--resume); what a crash left half written at its
  /// end is cut off first. Throws Error{usage} when another kdt has it open.
  Journal(const std::filesystem::path& file, const RunResult& run, const std::vector<std::string>& cells);

  /// On the disk when it returns. Throws Error{infra} when it cannot be written; the lines before it stay whole.
  void add(const CellResult& cell);
  void end(const RunResult& run);

private:
  void mend();
  void append(const std::string& line);
  std::mutex mutex_;
  std::string name_;
  UniqueFd fd_;
};

/// The cells that a journal holds; a line cut short by a crash is ignored. The last entry of a cell counts.
/// Throws Error{usage} when there is no journal or it is of another schema.
struct JournalContent {
  RunResult run; ///< without cells
  std::vector<CellResult> cells;
};
JournalContent read_journal(const std::filesystem::path& file);

} // namespace kdt::run
