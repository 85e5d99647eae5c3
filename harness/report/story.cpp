#include "report/story.hpp"

#include "base/text.hpp"
#include "report/cell_text.hpp"

#include <fmt/format.h>

namespace kdt::report {

namespace {

constexpr std::size_t k_evidence = 12; // the last lines say what happened; all of them are in cell.json

/// "fail (capture-timeout)"
std::string outcome(const CellResult& cell) {
  const auto* finding = cause(cell);
  if (expected(cell.verdict) || finding == nullptr) return std::string(to_string(cell.verdict));
  return fmt::format("{} ({})", to_string(cell.verdict), one_line(finding->code));
}

std::string phases_text(const CellResult& cell) {
  std::string text;
  for (const auto& phase : cell.phases) {
    if (phase.outcome == "skipped") continue;
    text += fmt::format("  {:<8} {:>7.2f} s  {}{}\n", to_string(phase.phase), phase.seconds.count(),
                        one_line(phase.outcome), phase.of_template ? ", by its template" : "");
  }
  return text;
}

std::string finding_text(const Finding& finding) {
  auto text = fmt::format("\n{} (phase {}, blame {}): {}\n", one_line(finding.code), to_string(finding.phase),
                          to_string(finding.blame), one_line(finding.text));
  std::vector<std::string> lines; // what a tool said is one piece of evidence of many lines
  for (const auto& piece : finding.evidence)
    for (auto& line : split(piece, '\n'))
      if (!line.empty()) lines.push_back(std::move(line));
  auto from = lines.size() > k_evidence ? lines.size() - k_evidence : 0;
  if (from > 0) text += fmt::format("  … {} lines before these\n", from);
  for (auto i = from; i < lines.size(); ++i) text += fmt::format("  | {}\n", one_line(lines[i]));
  return text;
}

std::string unmet_text(const CellResult& cell) {
  std::string text;
  for (const auto& expected : cell.expectations) {
    if (expected.held) continue;
    text += fmt::format("\n{} should be {}, was {}\n  because {} ({})\n", one_line(expected.observation),
                        one_line(expected.expected), one_line(expected.observed.value_or("not seen")),
                        one_line(expected.because), one_line(expected.source));
  }
  return text;
}

} // namespace

std::string as_before(const CellResult& now, const CellResult& before) {
  auto was = outcome(before);
  auto is = outcome(now);
  if (was == is) return "as before: " + is;
  if (expected(now.verdict) && !expected(before.verdict))
    return fmt::format("not as before: it was {} and is {} now; ./kdt run … --repeat 20 tells how often it fails", was,
                       is);
  return fmt::format("not as before: it was {} and is {} now", was, is);
}

std::string story(const CellResult& now, const CellResult& before) {
  auto text = phases_text(now);
  for (const auto& finding : now.findings) text += finding_text(finding);
  return text + unmet_text(now) + "\n" + as_before(now, before) + "\n";
}

} // namespace kdt::report
