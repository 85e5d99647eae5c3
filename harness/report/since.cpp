#include "report/since.hpp"

#include "report/cell_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::report {

namespace {

using Names = std::vector<std::string>;

struct Kind {
  const char* words;
  Names Since::*names;
};

/// In the order in which they matter.
constexpr Kind k_kinds[] = {{k_newly_broken, &Since::newly_broken},
                            {"not judged any more", &Since::not_judged},
                            {"still broken", &Since::still_broken},
                            {"fixed", &Since::fixed},
                            {"new", &Since::fresh},
                            {"gone", &Since::gone}};

constexpr std::size_t k_named = 50; ///< of a kind in summary.md; run.json has them all

/// Runs of one kernel each are compared by names without it.
bool holds(const Names& names, const CellResult& cell) {
  return std::ranges::any_of(names, [&](const std::string& name) {
    return name == experiment_name(cell, true) || name == experiment_name(cell, false);
  });
}

} // namespace

Since since_of(const RunDiff& diff, const RunResult& before) {
  return {.run_id = before.run_id,
          .started = before.started,
          .newly_broken = diff.newly_broken,
          .still_broken = diff.still_broken,
          .not_judged = diff.not_judged,
          .fixed = diff.fixed,
          .fresh = diff.fresh,
          .gone = diff.gone};
}

std::string mark_of(const RunResult& run, const CellResult& cell) {
  if (!run.since || expected(cell.verdict)) return "";
  for (const auto& [words, names] : {k_kinds[0], k_kinds[1], k_kinds[2]})
    if (holds((*run.since).*names, cell)) return words;
  return "";
}

std::string since_line(const RunResult& run) {
  if (!run.since) return "";
  Names parts;
  for (const auto& [words, names] : k_kinds)
    if (auto count = ((*run.since).*names).size(); count > 0) parts.push_back(fmt::format("{} {}", count, words));
  return fmt::format("since {} ({}): {}", one_line(run.since->run_id), one_line(run.since->started),
                     parts.empty() ? "nothing is newly broken, nothing is fixed"
                                   : fmt::format("{}", fmt::join(parts, ", ")));
}

std::string since_markdown(const RunResult& run) {
  if (!run.since) return "";
  auto text = fmt::format("## Since run {} of {}\n\n", markdown_literal(run.since->run_id),
                          markdown_literal(run.since->started));
  bool any = false;
  for (const auto& [words, names] : k_kinds) {
    const auto& list = (*run.since).*names;
    if (list.empty()) continue;
    any = true;
    text += fmt::format("- {} {}:\n", list.size(), words);
    for (std::size_t i = 0; i < std::min(list.size(), k_named); ++i)
      text += fmt::format("  - {}\n", list[i].empty() ? "the cell" : markdown_literal(list[i]));
    if (list.size() > k_named) text += fmt::format("  - … and {} more, see run.json\n", list.size() - k_named);
  }
  return any ? text : text + "Nothing is newly broken, and nothing is fixed.\n";
}

} // namespace kdt::report
