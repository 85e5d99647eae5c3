#include "report/costs.hpp"

#include "report/cell_text.hpp"
#include "report/dump_costs.hpp"
#include "report/figures.hpp"
#include "report/observed_text.hpp"
#include "report/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::report {

namespace {

/// Settings that differ in crashkernel= alone, as one.
std::vector<Setting> by_rodata(const std::vector<Setting>& settings) {
  std::vector<Setting> merged;
  for (const auto& setting : settings) {
    bool same = !merged.empty() && merged.back().kernel == setting.kernel && merged.back().rodata == setting.rodata;
    if (!same) merged.push_back({.kernel = setting.kernel, .rodata = setting.rodata, .crashkernel = {}, .cells = {}});
    auto& cells = merged.back().cells;
    cells.insert(cells.end(), setting.cells.begin(), setting.cells.end());
  }
  return merged;
}

/// A row for each setting, with its median for each memory size; of settings by_rodata() without a label that they
/// do not have.
Table figure_table(const std::vector<Setting>& settings, const std::vector<ByteSize>& memories, const Figure& figure) {
  bool merged = std::ranges::all_of(settings, [](const Setting& setting) { return setting.crashkernel.empty(); });
  Table table{.title = figure.title, .note = figure.note, .columns = {"rodata"}};
  if (!merged) table.columns.emplace_back("crashkernel");
  table.labels = table.columns.size();
  for (auto memory : memories) table.columns.push_back(to_string(memory));
  for (const auto& setting : settings) {
    Table::Row row{.group = setting.kernel, .cells = {setting.rodata}};
    if (!merged) row.cells.push_back(setting.crashkernel);
    bool any = false;
    for (auto memory : memories) {
      std::vector<double> values;
      for (const auto* cell : setting.cells)
        if (auto value = figure.of(*cell); value && cell->cell.parameters.memory == memory) values.push_back(*value);
      any |= !values.empty();
      row.cells.push_back(values.empty() ? "" : show(figure.unit, median(std::move(values))));
    }
    if (any) table.rows.push_back(std::move(row));
  }
  return table;
}

/// Rows that differ in crashkernel= alone, as one that names all of these.
Table joined(Table table) {
  constexpr std::size_t k_crashkernel = 1;
  std::vector<Table::Row> rows;
  for (auto& row : table.rows) {
    auto same = std::ranges::find_if(rows, [&](const Table::Row& other) {
      auto cells = row.cells;
      cells[k_crashkernel] = other.cells[k_crashkernel];
      return other.group == row.group && other.cells == cells;
    });
    if (same == rows.end())
      rows.push_back(std::move(row));
    else
      same->cells[k_crashkernel] += "; " + row.cells[k_crashkernel];
  }
  table.rows = std::move(rows);
  return table;
}

/// A median over ways to save says nothing where the dumps have tables of their own.
std::vector<Figure> figures_of(bool dumps_apart) {
  auto all = figures();
  if (dumps_apart) std::erase_if(all, [](const Figure& figure) { return figure.title == "Save"; });
  return all;
}

std::string folded(std::string_view title, const std::string& text) {
  return text.empty() ? "" : fmt::format("<details>\n<summary>{}</summary>\n\n{}\n</details>\n", title, text);
}

std::string sections(const std::vector<Table>& tables) {
  std::string text;
  for (const auto& table : tables) text += (text.empty() ? "" : "\n") + markdown_text(table, "kernel");
  return text;
}

} // namespace

Table protection_table(const RunResult& run) {
  Table table{.title = "Protection of the crash region",
              .note = "Low is below 4 GiB; stray writes are tried on every page of it, once a kernel is loaded.",
              .columns = {"rodata", "crashkernel", "reserved", "linear map", "crash region", "stray writes"},
              .labels = 6};
  for (const auto& setting : settings_of(run)) {
    Table::Row row{.group = setting.kernel,
                   .cells = {setting.rodata, setting.crashkernel, by_memory(setting, reserved),
                             by_memory(setting, [](const auto& cell) { return word(cell, "map.all"); }),
                             by_memory(setting, [](const auto& cell) { return word(cell, "map.region"); }),
                             by_memory(setting, stray_writes)}};
    bool seen = std::any_of(row.cells.begin() + 2, row.cells.end() - 1, [](const auto& cell) { return !cell.empty(); });
    if (seen) table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<Table> cost_tables(const RunResult& run) {
  auto settings = settings_of(run);
  auto memories = memories_of(run);
  auto dumps = dump_tables(run);
  std::vector<Table> tables;
  for (const auto& figure : figures_of(!dumps.empty())) {
    if (!figure.matters) continue;
    if (auto table = figure_table(settings, memories, figure); !table.rows.empty()) tables.push_back(std::move(table));
  }
  tables.insert(tables.end(), dumps.begin(), dumps.end());
  return tables;
}

CostPages cost_pages(const RunResult& run) {
  auto settings = settings_of(run);
  auto merged = by_rodata(settings);
  auto memories = memories_of(run);
  CostPages pages{.first = dump_tables(run), .rest = {}};
  std::vector<Table> first;
  for (const auto& figure : figures_of(!pages.first.empty())) {
    auto table = figure_table(settings, memories, figure);
    if (table.rows.empty()) continue;
    bool shorter = merged.size() < settings.size();
    if (figure.matters) first.push_back(figure_table(merged, memories, figure));
    if (figure.matters && shorter) first.back().note += " Medians over crashkernel=.";
    if (!figure.matters || shorter) pages.rest.push_back(std::move(table));
  }
  pages.first.insert(pages.first.begin(), first.begin(), first.end());
  return pages;
}

std::string costs_text(const RunResult& run) {
  std::string text;
  if (auto protection = protection_table(run); !protection.rows.empty()) text = plain_text(protection);
  for (const auto& table : cost_tables(run)) text += (text.empty() ? "" : "\n") + plain_text(table);
  return text;
}

std::string costs_markdown(const RunResult& run) {
  auto [first, rest] = cost_pages(run);
  if (auto protection = joined(protection_table(run)); !protection.rows.empty())
    first.insert(first.begin(), std::move(protection));
  auto text = sections(first);
  if (auto more = folded("More figures, and each for every crashkernel=", sections(rest)); !more.empty())
    text += (text.empty() ? "" : "\n") + more;
  return text.empty() ? "" : "## What it protects and what it costs\n\n" + text;
}

} // namespace kdt::report
