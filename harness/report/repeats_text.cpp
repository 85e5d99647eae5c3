#include "report/repeats_text.hpp"

#include "report/cell_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::report {

namespace {

constexpr std::size_t k_rows = 500; // of summary.md; run.json has them all

int rank(const Repeats& repeats) {
  return repeats.flaky() ? 0 : repeats.failed.count > 0 ? 1 : repeats.infra.count > 0 ? 2 : 3;
}

std::vector<Repeats> sorted_repeats(const RunResult& run) {
  auto all = repeats_of(run.cells);
  std::ranges::stable_sort(all, {}, rank);
  return all;
}

std::string codes_text(const Repeats& repeats) {
  std::vector<std::string> parts;
  for (const auto& [code, count] : repeats.codes) parts.push_back(fmt::format("{} {}", count, one_line(code)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string head(const std::vector<Repeats>& all) {
  auto flaky = std::ranges::count_if(all, &Repeats::flaky);
  auto most = std::ranges::max(all, {}, &Repeats::runs).runs;
  return fmt::format("{} cell{} up to {} times: {}", all.size(), all.size() == 1 ? "" : "s", most,
                     flaky == 0 ? "none is flaky" : fmt::format("{} flaky", flaky));
}

} // namespace

std::string repeats_text(const RunResult& run, std::size_t most_lines) {
  auto all = sorted_repeats(run);
  if (all.empty()) return "";
  auto text = fmt::format("repeats, {}\n", head(all));
  auto lost = static_cast<std::size_t>(std::ranges::count_if(all, [](const Repeats& each) { return rank(each) < 3; }));
  auto shown = std::min(lost, most_lines > 2 ? (most_lines - 2) / 2 : 0);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& each = all[i];
    text += fmt::format("  {}\n    failed {}", one_line(each.cell), to_string(each.failed));
    if (each.infra.count > 0) text += fmt::format("; infrastructure {}", to_string(each.infra));
    text += "\n";
  }
  if (shown < all.size()) {
    bool good = shown == lost;
    auto who = shown > 0 ? fmt::format("the other {}", all.size() - shown) : all.size() == 1 ? all[0].cell : "all";
    text += fmt::format("  {}: {}\n", one_line(who),
                        good ? "never failed" + (all.back().failed.of == 0
                                                     ? std::string()
                                                     : fmt::format(", {}", to_string(all.back().failed)))
                             : "see summary.md");
  }
  return text;
}

std::string repeats_markdown(const RunResult& run) {
  auto all = sorted_repeats(run);
  if (all.empty()) return "";
  auto text =
      fmt::format("## Repeats\n\n{}. Shares are of the cells that were judged, with their 95 % confidence interval "
                  "(Wilson); tries that our infrastructure lost are counted apart.\n\n"
                  "| cell | failed | infrastructure | findings |\n| --- | --- | --- | --- |\n",
                  head(all));
  for (std::size_t i = 0; i < std::min(all.size(), k_rows); ++i)
    text += fmt::format("| {}{} | {} | {} | {} |\n", markdown_literal(all[i].cell), all[i].flaky() ? " (flaky)" : "",
                        to_string(all[i].failed), to_string(all[i].infra), markdown_literal(codes_text(all[i])));
  if (all.size() > k_rows) text += fmt::format("\n{} more are in run.json.\n", all.size() - k_rows);
  return text;
}

} // namespace kdt::report
