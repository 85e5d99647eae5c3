#include "run/run_directory.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "run/journal.hpp"

namespace kdt::run {

void require_free(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory / "journal.jsonl", error))
    throw Error(Blame::usage, "{} holds a run already: choose another --out, or continue it with --resume",
                directory.string());
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    // What a kdt leaves that was killed before its journal was there.
    bool ours = entry.path().filename() == "cells" && fs::is_empty(entry.path(), error);
    if (!ours)
      throw Error(Blame::usage, "{} is not empty ('{}' is there) and holds no run of kdt: choose another --out",
                  directory.string(), entry.path().filename().string());
  }
}

std::vector<CellResult> finished_cells(const fs::path& directory, const std::string& matrix) {
  auto content = read_journal(directory / "journal.jsonl");
  // A journal whose first line was lost holds no matrix, and no cell either.
  if (content.run.matrix != matrix && !(content.run.matrix.empty() && content.cells.empty()))
    throw Error(Blame::usage, "{} holds a run of {}, not of {}", directory.string(), content.run.matrix, matrix);
  std::erase_if(content.cells,
                [](const CellResult& cell) { return cell.verdict == Verdict::error || cell.verdict == Verdict::skip; });
  return std::move(content.cells);
}

} // namespace kdt::run
