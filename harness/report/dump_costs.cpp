#include "report/dump_costs.hpp"

#include "report/figures.hpp"
#include "report/observed_text.hpp"
#include "report/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace kdt::report {

namespace {

/// The cells of one kernel that save in one way, by memory.
struct Way {
  std::string kernel;
  std::string label;
  std::map<ByteSize, std::vector<const CellResult*>> cells;
};

std::vector<Way> ways_of(const RunResult& run) {
  std::vector<Way> ways;
  for (const auto& cell : run.cells) {
    const auto& parameters = cell.cell.parameters;
    if (!number(cell, "save.seconds")) continue;
    auto label = dump_label(parameters.dump);
    auto same = [&](const Way& way) { return way.kernel == parameters.kernel && way.label == label; };
    auto it = std::ranges::find_if(ways, same);
    if (it == ways.end()) it = ways.insert(ways.end(), Way{.kernel = parameters.kernel, .label = label, .cells = {}});
    it->cells[parameters.memory].push_back(&cell);
  }
  std::map<std::string, std::size_t> order;
  for (const auto& way : ways) order.emplace(way.kernel, order.size());
  std::ranges::stable_sort(ways, {}, [&](const Way& way) { return order.at(way.kernel); });
  return ways;
}

std::optional<double> figure(const Way& way, ByteSize memory, const char* observation) {
  std::vector<double> values;
  if (auto cells = way.cells.find(memory); cells != way.cells.end())
    for (const auto* cell : cells->second)
      if (auto value = number(*cell, observation)) values.push_back(*value);
  return values.empty() ? std::nullopt : std::optional(median(std::move(values)));
}

Table table_of(const RunResult& run, const std::vector<Way>& ways, Table table, const char* observation, Unit unit,
               bool mark_least) {
  table.columns = {"dump"};
  auto memories = memories_of(run);
  for (auto memory : memories) table.columns.push_back(to_string(memory));
  for (const auto& way : ways) {
    Table::Row row{.group = way.kernel, .cells = {way.label}};
    for (auto memory : memories) {
      auto value = figure(way, memory, observation);
      bool least = value && mark_least && std::ranges::none_of(ways, [&](const Way& other) {
                     auto theirs = figure(other, memory, observation);
                     return other.kernel == way.kernel && theirs && *theirs < *value;
                   });
      row.cells.push_back(value ? show(unit, *value) + (least ? "*" : "") : "");
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

} // namespace

std::string dump_label(const DumpSettings& dump) {
  if (dump.format == "copy") return fmt::format("copy {}", dump.target);
  auto label = fmt::format("{} {}{} {}", dump.filter, dump.format == "elf" ? "" : dump.compression + " ", dump.format,
                           dump.target);
  if (dump.threads > 0) label += fmt::format(", {} threads", dump.threads);
  if (dump.split > 1) label += fmt::format(", {} files", dump.split);
  return label;
}

std::vector<Table> dump_tables(const RunResult& run) {
  auto ways = ways_of(run);
  if (std::ranges::all_of(ways, [&](const Way& way) { return way.label == ways.front().label; })) return {};
  return {table_of(run, ways,
                   {.title = "Saving the dump, seconds",
                    .note = "Guest seconds by filter level, compression, format and target; * is the fastest."},
                   "save.seconds", Unit::seconds, true),
          table_of(run, ways, {.title = "Saving the dump, size", .note = "Of the vmcore (powers of 1024)."},
                   "vmcore.size", Unit::bytes, false),
          table_of(run, ways,
                   {.title = "Saving the dump, rate",
                    .note = "Bytes written to the target in a guest second (powers of 1024)."},
                   "save.rate", Unit::bytes, false)};
}

} // namespace kdt::report
