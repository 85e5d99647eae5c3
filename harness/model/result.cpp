#include "model/result.hpp"

#include <algorithm>

namespace kdt {

const Finding* cause(const CellResult& cell) {
  if (cell.findings.empty()) return nullptr;
  auto blamed = [&](const Finding& finding) { return cell.blame && finding.blame == *cell.blame; };
  auto it = std::ranges::find_if(cell.findings, blamed);
  return it == cell.findings.end() ? &cell.findings.front() : &*it;
}

std::map<Verdict, int> totals(const std::vector<CellResult>& cells) {
  std::map<Verdict, int> counts;
  for (auto verdict : k_verdicts) counts[verdict] = 0;
  for (const auto& cell : cells) ++counts[cell.verdict];
  return counts;
}

int exit_status(const std::vector<CellResult>& cells) {
  auto any = [&](Verdict verdict) {
    return std::ranges::any_of(cells, [&](const CellResult& cell) { return cell.verdict == verdict; });
  };
  if (any(Verdict::fail) || any(Verdict::xpass)) return 1;
  bool usage = std::ranges::any_of(
      cells, [](const CellResult& cell) { return cell.verdict == Verdict::error && cell.blame == Blame::usage; });
  return usage ? 2 : any(Verdict::error) ? 3 : 0;
}

int exit_status(const RunResult& run) {
  int status = exit_status(run.cells);
  bool lacks = run.merged && !(run.merged->missing_shards.empty() && run.merged->missing_cells.empty());
  return status == 0 && lacks ? 3 : status;
}

} // namespace kdt
