#include "report/costs.hpp"

#include "report/cell_text.hpp"
#include "report/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace kdt::report {

namespace {

std::optional<double> number(const CellResult& cell, std::string_view name) {
  const auto* value = find(cell.observed, name);
  if (value == nullptr) return std::nullopt;
  if (const auto* real = std::get_if<double>(value)) return *real;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
  return std::nullopt;
}

std::string word(const CellResult& cell, std::string_view name) {
  const auto* value = find(cell.observed, name);
  return value == nullptr ? "" : to_string(*value);
}

/// Three digits: "0.61", "14.2", "113".
std::string digits(double value) {
  return fmt::format("{:.{}f}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/// Powers of 1024, as page tables come: "48K", "1.02M", "514M".
std::string bytes(double value) {
  for (const char* unit : {"", "K", "M"}) {
    if (value < 1023.5) return *unit == '\0' ? fmt::format("{:.0f}", value) : digits(value) + unit;
    value /= 1024;
  }
  return digits(value) + "G";
}

std::string percent(double share) {
  return share > 0 && share < 0.001 ? "<0.1%" : fmt::format("{:.{}f}%", share * 100, share < 0.0995 ? 1 : 0);
}

/// The part of the linear map that base pages map, with the contiguous hint or without.
std::optional<double> base_page_share(const CellResult& cell) {
  double all = 0;
  for (const char* name : {"map.pud_bytes", "map.cont_pmd_bytes", "map.pmd_bytes"})
    all += number(cell, name).value_or(0);
  auto single = number(cell, "map.pte_bytes");
  if (!single) return std::nullopt;
  auto pages = *single + number(cell, "map.cont_pte_bytes").value_or(0);
  return all + pages > 0 ? std::optional(pages / (all + pages)) : std::nullopt;
}

/// One figure of a cell and how people read it.
struct Quantity {
  std::string title;
  std::string note;
  std::function<std::optional<double>(const CellResult&)> figure;
  std::string (*show)(double);
  bool matters = false; ///< else only where there is room for every table
};

Quantity observed(std::string title, std::string note, std::string name, std::string (*show)(double), bool matters) {
  auto figure = [name = std::move(name)](const CellResult& cell) { return number(cell, name); };
  return {std::move(title), std::move(note), figure, show, matters};
}

std::vector<Quantity> quantities() {
  auto count = [](double value) { return fmt::format("{:.0f}", value); };
  return {
      observed("Page tables of the linear map", "Memory that they take (powers of 1024).", "map.table_bytes", bytes,
               true),
      {"Linear map in base pages", "Share of the linear map that no block maps.", base_page_share, percent, true},
      observed("Boot", "Seconds from the emulator's start to init.", "boot.seconds", digits, true),
      observed("Boot before the clock",
               "The part of it before the guest's clock runs: the linear map and the struct pages are made then.",
               "boot.early_seconds", digits, true),
      observed("Load", "Guest seconds that kexec took.", "load.seconds", digits, false),
      observed("Capture", "Seconds from the panic to the capture kernel's init.", "capture.seconds", digits, false),
      observed("Save", "Guest seconds that saving the dump took.", "save.seconds", digits, true),
      observed("PUD blocks", "Entries of the linear map.", "map.pud_entries", count, false),
      observed("PMD blocks", "Entries without the contiguous hint.", "map.pmd_entries", count, false),
      observed("Contiguous PMD blocks", "Entries with the hint.", "map.cont_pmd_entries", count, false),
      observed("Base pages", "PTEs without the contiguous hint.", "map.pte_entries", count, false),
      observed("Contiguous base pages", "PTEs with the hint.", "map.cont_pte_entries", count, false),
      observed("Host memory", "The most that QEMU had resident (powers of 1024).", "host.peak_memory", bytes, false),
  };
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Table quantity_table(const std::vector<Setting>& settings, const std::vector<ByteSize>& memories,
                     const Quantity& quantity) {
  Table table{.title = quantity.title, .note = quantity.note, .columns = {"rodata", "crashkernel"}, .labels = 2};
  for (auto memory : memories) table.columns.push_back(to_string(memory));
  for (const auto& setting : settings) {
    Table::Row row{.group = setting.kernel, .cells = {setting.rodata, setting.crashkernel}};
    bool any = false;
    for (auto memory : memories) {
      std::vector<double> values;
      for (const auto* cell : setting.cells)
        if (auto value = quantity.figure(*cell); value && cell->cell.parameters.memory == memory)
          values.push_back(*value);
      any |= !values.empty();
      row.cells.push_back(values.empty() ? "" : quantity.show(median(std::move(values))));
    }
    if (any) table.rows.push_back(std::move(row));
  }
  return table;
}

/// Below 4 GiB is what 32-bit devices reach: what "low" means to crashkernel=.
std::string reserved(const CellResult& cell) {
  if (word(cell, "reservation.present") != "true")
    return word(cell, "reservation.present").empty() ? "" : cell.cell.parameters.crashkernel ? "refused" : "none";
  constexpr double low_end = 4.0 * 1024 * 1024 * 1024;
  auto start = number(cell, "reservation.start");
  if (!start) return "somewhere";
  if (*start < low_end) return "low";
  return word(cell, "reservation.low.present") == "true" ? "high+low" : "high";
}

std::string stray_writes(const CellResult& cell) {
  auto segments = word(cell, "probe.segments");
  auto rest = word(cell, "probe.rest");
  if (segments.empty() && rest.empty()) return word(cell, "probe.before").empty() ? "" : "nothing was loaded";
  auto says = [](const std::string& what) { return what == "faults" ? "fault" : what == "lands" ? "land" : what; };
  if (segments == rest || rest.empty()) return fmt::format("all {}", says(segments));
  return fmt::format("segments {}, rest {}", says(segments), says(rest));
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
  for (const auto& quantity : quantities()) {
    if (!every && !quantity.matters) continue;
    auto table = quantity_table(settings, memories, quantity);
    if (!table.rows.empty()) tables.push_back(std::move(table));
  }
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
