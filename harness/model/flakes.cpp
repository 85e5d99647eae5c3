#include "model/flakes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kdt {

namespace {

constexpr double k_z = 1.959963984540054; // two-sided 95 % of the normal distribution

/// Middle of Wilson's interval, and how far it reaches to each side.
std::pair<double, double> wilson(int count, int of) {
  double n = of, p = count / n, z2 = k_z * k_z;
  double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  double reach = k_z / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {middle, reach};
}

} // namespace

double Share::low() const {
  if (of == 0 || count == 0) return 0;
  auto [middle, reach] = wilson(count, of);
  return std::max(0.0, middle - reach);
}

double Share::high() const {
  if (of == 0 || count == of) return 1;
  auto [middle, reach] = wilson(count, of);
  return std::min(1.0, middle + reach);
}

std::string to_string(const Share& share) {
  if (share.of == 0) return "0 of 0";
  return fmt::format("{} of {}: {:.3g} % ({:.1f} to {:.1f} %)", share.count, share.of, 100.0 * share.count / share.of,
                     100 * share.low(), 100 * share.high());
}

Repeats count_repeats(const std::vector<const CellResult*>& cells) {
  Repeats repeats{.cell = cells.empty() ? "" : experiment_id(cells.front()->cell.id)};
  for (const auto* cell : cells) {
    ++repeats.runs;
    bool red = cell->verdict == Verdict::fail || cell->verdict == Verdict::xpass;
    bool judged = cell->verdict != Verdict::error && cell->verdict != Verdict::skip;
    repeats.failed.of += judged ? 1 : 0;
    repeats.failed.count += red ? 1 : 0;
    if (cell->verdict != Verdict::skip) {
      int tries = std::max(1, cell->attempts);
      repeats.infra.of += tries;
      repeats.infra.count += tries - 1 + (cell->verdict == Verdict::error ? 1 : 0);
    }
    if (expected(cell->verdict)) continue;
    const auto* finding = cause(*cell);
    ++repeats.codes[cell->verdict == Verdict::xpass ? "xpass" : finding != nullptr ? finding->code : "unknown"];
  }
  return repeats;
}

std::vector<Repeats> repeats_of(const std::vector<CellResult>& cells) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<const CellResult*>> by_experiment;
  for (const auto& cell : cells) {
    auto id = experiment_id(cell.cell.id);
    auto& group = by_experiment[id];
    if (group.empty()) order.push_back(id);
    group.push_back(&cell);
  }
  std::vector<Repeats> all;
  for (const auto& id : order)
    if (by_experiment[id].size() > 1) all.push_back(count_repeats(by_experiment[id]));
  return all;
}

} // namespace kdt
