#include "report/ktap.hpp"

#include "report/cell_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::report {

namespace {

constexpr std::size_t k_evidence = 20; // lines of a finding; run.json has the others

std::string name(std::string_view id) {
  std::string text;
  for (char c : one_line(id)) text += c == '#' ? "%23" : std::string(1, c);
  return text;
}

/// What follows the '#' of a result line; "": it has none.
std::string remark(const CellResult& cell) {
  const auto* finding = cause(cell);
  auto blamed = finding == nullptr ? "" : fmt::format("{} {}: ", to_string(finding->blame), one_line(finding->code));
  switch (cell.verdict) {
  case Verdict::pass:
    return "";
  case Verdict::fail:
    return blamed + reason(cell);
  case Verdict::xpass:
    return reason(cell);
  case Verdict::error:
    return fmt::format("ERROR {}{}", blamed, reason(cell));
  case Verdict::skip:
    return fmt::format("SKIP {}", reason(cell));
  case Verdict::xfail:
    return fmt::format("XFAIL {}: {}", one_line(cell.known_issue), reason(cell));
  }
  KDT_ASSERT(!"unknown verdict");
}

/// Stands before the result that it is about.
std::string diagnostics(const RunResult& run, const CellResult& cell) {
  std::string text;
  for (const auto& finding : cell.findings) {
    text += fmt::format("# {} (blame {}, phase {}): {}\n", one_line(finding.code), to_string(finding.blame),
                        to_string(finding.phase), one_line(finding.text));
    for (std::size_t i = 0; i < std::min(finding.evidence.size(), k_evidence); ++i)
      text += fmt::format("#   | {}\n", one_line(finding.evidence[i]));
  }
  if (!expected(cell.verdict)) text += fmt::format("# again: {}\n", again_command(run, cell));
  return text;
}

} // namespace

std::string ktap(const RunResult& run) {
  auto text = fmt::format("KTAP version 1\n1..{}\n# {}: run {}, {}\n", run.cells.size(), one_line(matrix_name(run)),
                          one_line(run.run_id), totals_text(run.cells));
  std::size_t number = 0;
  for (const auto& cell : run.cells) {
    text += diagnostics(run, cell);
    auto good = expected(cell.verdict) ? "ok" : "not ok";
    text += fmt::format("{} {} {}", good, ++number, name(cell.cell.id));
    auto after = remark(cell);
    text += after.empty() ? "\n" : fmt::format(" # {}\n", after);
  }
  return text;
}

void write_ktap(const RunResult& run, const fs::path& file) {
  write_file_atomic(file, ktap(run));
}

} // namespace kdt::report
