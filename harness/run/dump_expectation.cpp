#include "run/dump_expectation.hpp"

#include "base/error.hpp"
#include "run/canaries.hpp"
#include "vmcore/console_account.hpp"

#include <utility>

namespace kdt::run {

namespace {

constexpr std::size_t k_most_canaries = 4096; // they go onto a command line

template <typename T>
std::optional<T> observed(const CellResult& cell, std::string_view name) {
  const auto* value = find(cell.observed, name);
  const auto* held = value == nullptr ? nullptr : std::get_if<T>(value);
  return held == nullptr ? std::nullopt : std::optional(*held);
}

std::vector<vmcore::Canary> canaries(const CellResult& cell) {
  auto page_size = static_cast<std::uint64_t>(observed<std::int64_t>(cell, "boot.page_size").value_or(0));
  std::vector<vmcore::Canary> pages;
  if (page_size == 0) return pages;
  for (const auto& kind : canary_kinds())
    for (const auto& range : observed_ranges(cell.observed, "canary." + kind))
      for (auto address = range.start; address < range.end; address.value += page_size) {
        if (pages.size() == k_most_canaries) throw Error(Blame::usage, "cell.json names too many canaries");
        pages.push_back({kind, address});
      }
  return pages;
}

} // namespace

vmcore::Expectation dump_expectation(const CellResult& cell) {
  const auto& dump = cell.cell.parameters.dump;
  vmcore::Expectation expectation;
  expectation.release = observed<std::string>(cell, "boot.release");
  expectation.build_id = observed<std::string>(cell, "boot.build_id");
  expectation.nonce = observed<std::string>(cell, "trigger.nonce");
  if (auto cpus = observed<std::int64_t>(cell, "boot.cpus")) expectation.cpus = static_cast<unsigned>(*cpus);
  if (expectation.build_id == "") expectation.build_id.reset(); // the kernel did not tell
  if (auto line = observed<std::string>(cell, "panic.line"); line && !line->empty())
    expectation.panic_markers = {*line};
  if (auto cmdline = observed<std::string>(cell, "boot.cmdline"))
    expectation.console_loglevel = vmcore::console_loglevel(*cmdline);
  expectation.system_ram = observed_ranges(cell.observed, "panic.system_ram");
  expectation.crash_regions = observed_ranges(cell.observed, "panic.crash_regions");
  if (expectation.nonce) {
    expectation.canary_key = canary_key(*expectation.nonce);
    expectation.canaries = canaries(cell);
  }
  expectation.filter = dump.format == "copy" ? 0 : static_cast<unsigned>(dump.filter);
  return expectation;
}

vmcore::KernelMap kernel_map(std::shared_ptr<const image::Symbols> symbols) {
  vmcore::KernelMap map;
  for (const auto& name : vmcore::crash_symbols())
    if (auto address = symbols->address(name)) map.addresses[name] = *address;
  map.name = [kept = std::move(symbols)](std::uint64_t distance) { return kept->at(distance); };
  return map;
}

} // namespace kdt::run
