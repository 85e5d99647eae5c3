#include "report/summary.hpp"

#include "report/cell_text.hpp"
#include "report/columns.hpp"
#include "report/costs.hpp"
#include "report/differences.hpp"
#include "report/repeats_text.hpp"
#include "report/since.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace kdt::report {

namespace {

constexpr std::size_t k_markdown_cells = 1000; // CI systems cut off a summary page at about 1 MB

/// Those that are newly broken first.
std::vector<const CellResult*> unexpected_cells(const RunResult& run) {
  std::vector<const CellResult*> cells;
  for (const auto& cell : run.cells)
    if (!expected(cell.verdict)) cells.push_back(&cell);
  auto newly_broken = [&](const CellResult* cell) { return mark_of(run, *cell) == k_newly_broken; };
  std::stable_partition(cells.begin(), cells.end(), newly_broken); // clang 14 does not know std::ranges' own
  return cells;
}

/// ", shard 2/4"
std::string shard_text(const RunResult& run) {
  return run.shard ? fmt::format(", shard {}/{}", run.shard->index, run.shard->count) : "";
}

/// ", newly broken"
std::string marked(const RunResult& run, const CellResult& cell) {
  auto mark = mark_of(run, cell);
  return mark.empty() ? "" : ", " + mark;
}

std::string upper(std::string_view word) {
  std::string text(word);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string verdict_label(Verdict verdict, bool colour) {
  auto label = fmt::format("{:<5}", upper(to_string(verdict)));
  if (!colour) return label;
  const char* code = expected(verdict) ? "32" : verdict == Verdict::error ? "33" : "31";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, label);
}

std::string code_of(const CellResult& cell) {
  if (cell.verdict == Verdict::xpass) return "xpass";
  const auto* finding = cause(cell);
  return finding != nullptr ? one_line(finding->code) : "unknown";
}

/// ", known until 2026-11-26, expired": so the judge's evidence begins when a known issue excused this once.
std::string was_known(const Finding& finding) {
  for (const auto& line : finding.evidence)
    if (line.starts_with("known until ")) return ", " + one_line(line.substr(0, line.find(": ")));
  return "";
}

/// "capture, blame kernel, capture-timeout"
std::string where(const CellResult& cell) {
  const auto* finding = cause(cell);
  if (finding == nullptr) return code_of(cell);
  return fmt::format("{}, blame {}, {}{}", to_string(finding->phase), to_string(cell.blame.value_or(finding->blame)),
                     code_of(cell), was_known(*finding));
}

std::string rest_by_code(const std::vector<const CellResult*>& cells, std::size_t from) {
  std::map<std::string, int> counts;
  for (std::size_t i = from; i < cells.size(); ++i) ++counts[code_of(*cells[i])];
  std::vector<std::string> parts;
  parts.reserve(counts.size());
  for (const auto& [code, count] : counts) parts.push_back(fmt::format("{} {}", count, code));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// A cell on the terminal, and how many of its rows that takes.
struct Block {
  std::string text;
  std::size_t rows = 0;
};

/// The sentence gives way when the terminal is narrow; the command is whole, to be copied.
Block cell_block(const RunResult& run, const CellResult& cell, const SummaryOptions& options) {
  constexpr std::size_t k_sentence_rows = 3;
  auto id = one_line(cell.cell.id) + marked(run, cell);
  auto why = fmt::format("      {}: {}", where(cell), reason(cell));
  if (options.columns > 0) why = cut_end(why, k_sentence_rows * options.columns);
  auto again = fmt::format("      again: {}", again_command(run, cell));
  auto rows = 1 + rows_of(6 + width_of(id), options.columns) + rows_of(width_of(why), options.columns) +
              rows_of(width_of(again), options.columns);
  return {fmt::format("\n{} {}\n{}\n{}\n", verdict_label(cell.verdict, options.colour), id, why, again), rows};
}

} // namespace

std::string summary(const RunResult& run, const SummaryOptions& options) {
  auto text = fmt::format("{}{}: {} in {}\n", one_line(matrix_name(run)), shard_text(run), totals_text(run.cells),
                          wall_time_text(run));
  auto since = since_line(run);
  if (!since.empty()) text += since + "\n";
  if (auto lacks = missing_text(run); !lacks.empty()) text += lacks + "\n";
  if (auto forks = forks_text(run); !forks.empty())
    text += (options.columns > 0 ? cut_end(forks, options.columns) : forks) + "\n";
  auto cells = unexpected_cells(run);
  auto differences = kernel_differences_text(run);
  auto repeats = repeats_text(run, options.rows / (differences.empty() ? 2 : 4));
  auto lines_of = [](const std::string& lines) { return static_cast<std::size_t>(std::ranges::count(lines, '\n')); };
  // The lines so far, the prompt, the repeats, and where the results are.
  std::size_t used =
      lines_of(text) + 1 + (repeats.empty() ? 0 : 1 + lines_of(repeats)) + (options.directory.empty() ? 0 : 2);
  // The table of the kernels gets what is left, and a few rows in any case.
  auto few = differences.empty() ? 0 : 1 + std::min(lines_of(differences), options.rows / (repeats.empty() ? 4 : 6));
  used += few;
  std::size_t shown = 0;
  for (; shown < cells.size(); ++shown) {
    auto block = cell_block(run, *cells[shown], options);
    std::size_t for_the_rest = shown + 1 == cells.size() ? 0 : 2;
    if (shown > 0 && used + block.rows + for_the_rest > options.rows) break;
    used += block.rows;
    text += block.text;
  }
  if (cells.size() > shown) {
    used += 2;
    text += fmt::format("\n… and {} more: {}\n", cells.size() - shown, rest_by_code(cells, shown));
  }
  if (!repeats.empty()) text += "\n" + repeats;
  if (!differences.empty()) {
    auto left = options.rows - std::min(options.rows, used - few + 1);
    text += "\n" + first_rows(differences, std::max(left, few - 1), options.columns, "summary.md");
  }
  bool more_than_a_line = !cells.empty() || !repeats.empty() || !differences.empty();
  if (!options.directory.empty())
    text += fmt::format("{}results: {}\n", more_than_a_line ? "\n" : "", options.directory);
  return text;
}

std::string summary_markdown(const RunResult& run) {
  auto text =
      fmt::format("# {}{}: {}\n\n", markdown_literal(matrix_name(run)), shard_text(run), totals_text(run.cells));
  text += fmt::format("Run {}, started {}, {}, exit status {}.\n", markdown_literal(run.run_id),
                      markdown_literal(run.started), run.finished.empty() ? "not finished" : wall_time_text(run),
                      run.exit_status);
  if (auto lacks = missing_text(run); !lacks.empty()) text += "\n" + markdown_literal(lacks) + "\n";
  if (auto forks = forks_text(run); !forks.empty()) text += "\n" + markdown_literal(forks) + "\n";
  if (auto since = since_markdown(run); !since.empty()) text += "\n" + since;
  auto cells = unexpected_cells(run);
  auto shown = std::min(cells.size(), k_markdown_cells);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& cell = *cells[i];
    text += fmt::format("\n## {} {}{}\n\n{}: {}\n\n```sh\n{}\n```\n", upper(to_string(cell.verdict)),
                        markdown_literal(cell.cell.id), marked(run, cell), markdown_literal(where(cell)),
                        markdown_literal(reason(cell)), again_command(run, cell));
  }
  if (auto repeats = repeats_markdown(run); !repeats.empty()) text += "\n" + repeats;
  if (auto differences = kernel_differences_markdown(run); !differences.empty()) text += "\n" + differences;
  if (auto costs = costs_markdown(run); !costs.empty()) text += "\n" + costs;
  text += "\n## Every cell\n\n| cell | verdict | seconds | why |\n| --- | --- | ---: | --- |\n";
  for (std::size_t i = 0; i < std::min(run.cells.size(), k_markdown_cells); ++i) {
    const auto& cell = run.cells[i];
    text += fmt::format("| {} | {} | {:.1f} | {} |\n", markdown_literal(cell.cell.id), to_string(cell.verdict),
                        cell.seconds.count(), markdown_literal(reason(cell)));
  }
  if (run.cells.size() > k_markdown_cells)
    text += fmt::format("\n{} more cells are in run.json.\n", run.cells.size() - k_markdown_cells);
  return text;
}

void write_summary_md(const RunResult& run, const fs::path& file) {
  write_file_atomic(file, summary_markdown(run));
}

} // namespace kdt::report
