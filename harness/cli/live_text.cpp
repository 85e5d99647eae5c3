#include "cli/live_text.hpp"

#include "report/cell_text.hpp"
#include "report/columns.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::cli {

namespace {

using report::cut_end;
using report::cut_middle;

std::string head_line(const LiveView& view) {
  auto line = fmt::format("{}/{} cells", view.progress.done, view.progress.total);
  if (view.red > 0) line += fmt::format(", {} red", view.red);
  if (view.progress.left.count() >= 1)
    line += fmt::format(", about {} left", report::whole_duration_text(view.progress.left));
  if (!view.building.empty()) line += "; " + view.building;
  return line;
}

/// The id gives way: what a person waits for is the phase and the time. Phases stand below each other.
std::string running_line(const LiveView::Running& cell, std::size_t widest, std::size_t columns) {
  auto tail = fmt::format("  {:<7} {:>4.0f} s, in all {:>4.0f} s", to_string(cell.phase), cell.in_phase.count(),
                          cell.elapsed.count());
  constexpr std::size_t k_indent = 2;
  auto room = std::min(widest, columns > k_indent + tail.size() ? columns - k_indent - tail.size() : 0);
  auto id = cut_middle(cell.id, room);
  auto width = report::width_of(id);
  return cut_end("  " + id + std::string(room > width ? room - width : 0, ' ') + tail, columns);
}

} // namespace

std::vector<std::string> live_lines(const LiveView& view, TerminalSize size) {
  auto columns = size.columns > 1 ? size.columns - 1 : 1; // the last column would wrap on some terminals
  auto most = std::max<std::size_t>(size.rows / 2, 2);
  std::vector<std::string> lines{cut_end(head_line(view), columns)};
  auto shown = view.running.size() + 1 <= most ? view.running.size() : most - 2;
  std::size_t widest = 0;
  for (std::size_t i = 0; i < shown; ++i) widest = std::max(widest, report::width_of(view.running[i].id));
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(running_line(view.running[i], widest, columns));
  if (shown < view.running.size())
    lines.push_back(cut_end(fmt::format("  and {} more", view.running.size() - shown), columns));
  return lines;
}

EndedText ended_text(const CellResult& result, std::size_t columns) {
  EndedText text{.verdict = fmt::format("{:<5}", to_string(result.verdict)),
                 .rest =
                     fmt::format(" {:>7}  {}", report::duration_text(result.seconds), report::one_line(result.cell.id)),
                 .why = ""};
  if (result.verdict == Verdict::pass) {
    if (find(result.observed, "save.exit_status") == nullptr) text.rest += "  (no dump, as expected)";
    return text;
  }
  const auto* finding = report::cause(result);
  bool blamed = finding != nullptr && result.verdict != Verdict::xpass;
  text.why = "      " +
             (blamed ? fmt::format("{}, blame {}: ", to_string(finding->phase),
                                   to_string(result.blame.value_or(finding->blame)))
                     : "") +
             report::reason(result);
  if (columns > 0) text.why = cut_end(text.why, columns);
  return text;
}

} // namespace kdt::cli
