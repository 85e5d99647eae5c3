#include "model/result.hpp"

#include <algorithm>

namespace kdt {

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

} // namespace kdt
