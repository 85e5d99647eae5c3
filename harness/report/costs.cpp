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

Table figure_table(const std::vector<Setting>& settings, const std::vector<ByteSize>& memories, const Figure& figure) {
  Table table{.title = figure.title, .note = figure.note, .columns = {"rodata", "crashkernel"}, .labels = 2};
  for (auto memory : memories) table.columns.push_back(to_string(memory));
  for (const auto& setting : settings) {
    Table::Row row{.group = setting.kernel, .cells = {setting.rodata, setting.crashkernel}};
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

std::vector<Table> cost_tables(const RunResult& run, bool every) {
  auto settings = settings_of(run);
  auto memories = memories_of(run);
  std::vector<Table> tables;
  auto dumps = dump_tables(run);
  for (const auto& figure : figures()) {
    if (!every && !figure.matters) continue;
    if (!dumps.empty() && figure.title == "Save") continue; // a median over ways to save says nothing
    auto table = figure_table(settings, memories, figure);
    if (!table.rows.empty()) tables.push_back(std::move(table));
  }
  tables.insert(tables.end(), dumps.begin(), dumps.end());
  return tables;
}

std::string costs_text(const RunResult& run) {
  std::string text;
  if (auto protection = protection_table(run); !protection.rows.empty()) text = plain_text(protection);
  for (const auto& table : cost_tables(run, false)) text += (text.empty() ? "" : "\n") + plain_text(table);
  return text;
}

std::string costs_markdown(const RunResult& run) {
  std::string text;
  if (auto protection = protection_table(run); !protection.rows.empty()) text = markdown_text(protection, "kernel");
  for (const auto& table : cost_tables(run, true)) text += (text.empty() ? "" : "\n") + markdown_text(table, "kernel");
  return text.empty() ? "" : "## What it protects and what it costs\n\n" + text;
}

} // namespace kdt::report
