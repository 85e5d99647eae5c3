#include "run/run_directory.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "run/journal.hpp"

namespace kdt::run {

namespace {
/// A matrix is the same one from another directory, too; what it holds is compared cell by cell.
std::string file_names(const std::string& matrix) {
  std::string names;
  for (const auto& word : split(matrix, ' ')) names += fs::path(word).filename().string() + " ";
  return names;
}
} // namespace

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

EarlierRun earlier_run(const fs::path& directory, const std::string& matrix,
                       const std::map<std::string, CellParameters>& cells) {
  auto content = read_journal(directory / "journal.jsonl");
  // A journal whose first line was lost holds no matrix, and no cell either.
  bool lost = content.run.matrix.empty() && content.cells.empty();
  if (!lost && file_names(content.run.matrix) != file_names(matrix))
    throw Error(Blame::usage, "{} holds a run of {}, not of {}", directory.string(), content.run.matrix, matrix);
  EarlierRun earlier;
  for (auto& result : content.cells) {
    auto cell = cells.find(result.cell.id);
    if (cell == cells.end()) cell = cells.find(result.cell.id.substr(0, result.cell.id.rfind('#'))); // --repeat
    if (cell == cells.end())
      ++earlier.gone;
    else if (cell->second != result.cell.parameters)
      ++earlier.changed;
    else if (result.verdict != Verdict::error && result.verdict != Verdict::skip)
      earlier.finished.push_back(std::move(result));
  }
  return earlier;
}

void refuse_other_backend(const fs::path& directory, const std::vector<CellResult>& finished,
                          const std::string& backend, const std::string& accelerator) {
  for (const auto& cell : finished)
    if (cell.backend != backend || cell.accelerator != accelerator)
      throw Error(Blame::usage,
                  "--resume {}: cell {} ran with --backend {} under {}, and now it is --backend {} under {}: say the "
                  "same --backend, --connect or --hosts, or start a new run",
                  directory.string(), cell.cell.id, cell.backend, cell.accelerator, backend, accelerator);
}

} // namespace kdt::run
