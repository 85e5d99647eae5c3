#include "report/figures.hpp"

#include <fmt/format.h>

namespace kdt::report {

namespace {

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

Figure observed(std::string title, std::string note, std::string name, Unit unit, bool matters) {
  auto of = [name = std::move(name)](const CellResult& cell) { return number(cell, name); };
  return {std::move(title), std::move(note), unit, matters, of};
}

} // namespace

std::string_view word_of(Unit unit) {
  constexpr std::string_view words[] = {"bytes", "share", "seconds", "count"};
  return words[static_cast<std::size_t>(unit)];
}

std::string show(Unit unit, double value) {
  switch (unit) {
  case Unit::bytes:
    return bytes(value);
  case Unit::share:
    return percent(value);
  case Unit::seconds:
    return digits(value);
  case Unit::count:
    return fmt::format("{:.0f}", value);
  }
  KDT_ASSERT(!"unknown unit");
}

std::optional<double> number(const CellResult& cell, std::string_view name) {
  const auto* value = find(cell.observed, name);
  if (value == nullptr) return std::nullopt;
  if (const auto* real = std::get_if<double>(value)) return *real;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
  return std::nullopt;
}

std::vector<Figure> figures() {
  return {
      observed("Page tables of the linear map", "Memory that they take (powers of 1024).", "map.table_bytes",
               Unit::bytes, true),
      {"Linear map in base pages", "Share of the linear map that no block maps.", Unit::share, true, base_page_share},
      observed("Boot", "Seconds from the emulator's start to init.", "boot.seconds", Unit::seconds, true),
      observed("Boot before the clock",
               "The part of it before the guest's clock runs: the linear map and the struct pages are made then.",
               "boot.early_seconds", Unit::seconds, true),
      observed("Load", "Guest seconds that kexec took.", "load.seconds", Unit::seconds, false),
      observed("Capture", "Seconds from the panic to the capture kernel's init.", "capture.seconds", Unit::seconds,
               false),
      observed("Save", "Guest seconds that saving the dump took.", "save.seconds", Unit::seconds, true),
      observed("PUD blocks", "Entries of the linear map.", "map.pud_entries", Unit::count, false),
      observed("PMD blocks", "Entries without the contiguous hint.", "map.pmd_entries", Unit::count, false),
      observed("Contiguous PMD blocks", "Entries with the hint.", "map.cont_pmd_entries", Unit::count, false),
      observed("Base pages", "PTEs without the contiguous hint.", "map.pte_entries", Unit::count, false),
      observed("Contiguous base pages", "PTEs with the hint.", "map.cont_pte_entries", Unit::count, false),
      observed("Verify", "Processor seconds that reading the vmcore took of the host.", "verify.cpu_seconds",
               Unit::seconds, false),
      observed("Verify memory", "The most that the process which reads the vmcore had resident (powers of 1024).",
               "verify.peak_memory", Unit::bytes, false),
      observed("Host memory", "The most that QEMU had resident (powers of 1024).", "host.peak_memory", Unit::bytes,
               false),
  };
}

} // namespace kdt::report
