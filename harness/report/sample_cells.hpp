#pragma once

#include "model/result.hpp"

#include <string>
#include <utility>
#include <vector>

namespace kdt::report {

/// For tests: a cell "kernel=KERNEL" + rest that came to its end.
inline CellResult cell_of(const std::string& kernel, const std::string& rest, Verdict verdict = Verdict::pass,
                          double boot = 2.0) {
  CellResult cell;
  cell.cell.id = "kernel=" + kernel + rest;
  cell.cell.parameters.kernel = kernel;
  cell.verdict = verdict;
  cell.facts = {{"zone_dma", true}};
  cell.observed = {{"boot.seconds", boot},
                   {"save.seconds", 1.0},
                   {"map.all", std::string("pages")},
                   {"map.region", std::string("pages")},
                   {"map.table_bytes", std::int64_t{8409088}},
                   {"reservation.present", true},
                   {"reservation.start", std::int64_t{0xf0000000}},
                   {"reservation.size", std::int64_t{256} << 20},
                   {"probe.segments", std::string("faults")},
                   {"probe.rest", std::string("lands")}};
  if (verdict == Verdict::fail) cell.findings.push_back(make_finding("expectation", "it did not hold"));
  return cell;
}

/// For tests: a run of these.
inline RunResult run_of(std::vector<CellResult> cells, std::vector<std::string> own = {}) {
  return {.run_id = "a-run", .matrix = "m.yaml", .own_kernels = std::move(own), .cells = std::move(cells)};
}

} // namespace kdt::report
