#include "run/observe.hpp"

#include "guest/region.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace kdt::run {

namespace {

std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

struct Range {
  std::uint64_t start;
  std::uint64_t end; // exclusive
};

std::vector<Range> ranges_named(const protocol::Facts& facts, std::string_view name) {
  std::vector<Range> ranges;
  for (const auto& range : facts.iomem)
    if (range.name == name) ranges.push_back({range.start, range.last + 1});
  std::ranges::sort(ranges, {}, &Range::start);
  return ranges;
}

void observe_range(const std::string& prefix, const std::vector<Range>& ranges, std::size_t index, Facts& observed) {
  bool present = index < ranges.size();
  observed[prefix + "present"] = present;
  if (!present) return;
  observed[prefix + "start"] = number(ranges[index].start);
  observed[prefix + "end"] = number(ranges[index].end);
  observed[prefix + "size"] = number(ranges[index].end - ranges[index].start);
}

std::uint64_t level_bytes(const std::map<std::string, std::uint64_t>& levels, const std::string& word) {
  auto it = levels.find(word);
  return it == levels.end() ? 0 : it->second;
}

/// A kind of entry: the word of protocol::LinearMap, the middle of its names, and its place above the last level.
struct EntryKind {
  const char* word;
  const char* name;
  unsigned level;
};
constexpr std::array<EntryKind, 5> k_kinds{{
    {"pud", "pud", 2},
    {"contpmd", "cont_pmd", 1},
    {"pmd", "pmd", 1},
    {"contpte", "cont_pte", 0},
    {"pte", "pte", 0},
}};

/// What one entry of a level maps: each table above the last level stands for granule / 8 entries.
std::uint64_t bytes_of_entry(std::uint64_t granule, unsigned level) {
  auto bytes = granule;
  while (level-- > 0) bytes *= granule / sizeof(std::uint64_t);
  return bytes;
}

std::string region_granularity(const std::vector<protocol::Region>& regions) {
  if (regions.empty()) return "none";
  auto pages = std::ranges::count_if(regions, [](const auto& region) { return guest::base_pages_only(region); });
  if (pages == std::ranges::ssize(regions)) return "pages";
  auto has_page = [](const protocol::MapRun& run) { return run.level == "pte" && !run.cont; };
  bool any =
      std::ranges::any_of(regions, [&](const auto& region) { return std::ranges::any_of(region.map, has_page); });
  return any ? "mixed" : "blocks";
}

} // namespace

void observe_boot(const protocol::Facts& facts, Facts& observed) {
  observed["boot.release"] = facts.release;
  observed["boot.build_id"] = facts.build_id;
  observed["boot.cpus"] = std::int64_t{facts.cpus_online};
  observed["boot.page_size"] = number(facts.page_size);
  observed["boot.memory_total"] = number(facts.mem_total);
  observed["boot.page_tables"] = number(facts.page_tables);
  observed["boot.init_seconds"] = facts.init_seconds;
  observed["boot.cmdline"] = facts.cmdline;

  // Both regions are labelled alike; with two, the lower one is the companion (kernel-facts.md, 1.6).
  auto regions = ranges_named(facts, "Crash kernel");
  bool two = regions.size() > 1;
  observe_range("reservation.", regions, two ? 1 : 0, observed);
  observe_range("reservation.low.", regions, two ? 0 : regions.size(), observed);
  if (facts.kexec_crash_size) observed["reservation.kexec_crash_size"] = number(*facts.kexec_crash_size);

  std::vector<std::string> lines;
  for (const auto& line : facts.dmesg)
    if (line.find("crashkernel") != std::string::npos &&
        line.find("crashkernel=") == std::string::npos) // not the command line
      lines.push_back(line.substr(line.starts_with('[') ? std::min(line.find("] ") + 2, line.size()) : 0));
  observed["reservation.dmesg"] = lines;
}

void observe_boot_time(double seconds, const protocol::Facts& facts, Facts& observed) {
  observed["boot.seconds"] = seconds;
  // "[    0.610000] Run /init": a log without time stamps, or one that was cut, tells nothing.
  if (facts.dmesg.empty() || facts.dmesg_cut) return;
  const auto& line = facts.dmesg.back();
  auto digits = line.find_first_of("0123456789"), end = line.find(']');
  if (!line.starts_with('[') || end == std::string::npos || digits > end) return;
  double clock = 0;
  std::from_chars(line.data() + digits, line.data() + end, clock);
  observed["boot.early_seconds"] = std::max(0.0, seconds - clock);
}

void observe_load(const protocol::LoadAnswer& answer, Facts& observed) {
  observed["load.exit_status"] = std::int64_t{answer.exit_status};
  observed["load.loaded"] = answer.loaded;
  observed["load.seconds"] = answer.seconds;
}

void observe_map(const std::string& prefix, const protocol::ProbeAnswer& reading, Facts& observed) {
  const auto& map = reading.linear_map;
  for (const auto& kind : k_kinds) {
    auto bytes = level_bytes(map.levels, kind.word);
    observed[prefix + kind.name + "_bytes"] = number(bytes);
    observed[prefix + kind.name + "_entries"] = number(bytes / bytes_of_entry(map.granule, kind.level));
  }
  observed[prefix + "invalid_bytes"] = number(level_bytes(map.levels, "invalid"));
  observed[prefix + "table_bytes"] = number(map.page_table_bytes);
  observed[prefix + "all"] = std::string(guest::base_pages_only(map) ? "pages" : "blocks");
  observed[prefix + "region"] = region_granularity(reading.regions);
}

void observe_closed_pages(const protocol::ProbeAnswer& reading, Facts& observed) {
  std::uint64_t closed = 0;
  for (const auto& region : reading.regions)
    for (const auto& run : region.map)
      if (!run.valid || !run.writable) closed += run.end - run.start;
  observed["hostmap.closed_pages"] = number(closed / reading.linear_map.granule);
}

void observe_probe_before(const protocol::ProbeAnswer& answer, Facts& observed) {
  observe_map("map.", answer, observed);
  observed["map.source"] = std::string("probe");
  auto before = guest::protection(answer, {});
  observed["probe.before"] = before.rest.word();
  observed["probe.before.faulted_pages"] = number(before.rest.faulted.bytes / answer.linear_map.granule);
}

void observe_probe_after(const protocol::ProbeAnswer& answer, const std::optional<std::vector<PhysRange>>& segments,
                         Facts& observed) {
  auto page = answer.linear_map.granule;
  auto [inside, outside] = guest::protection(answer, segments.value_or(std::vector<PhysRange>{}));
  observed["probe.faulted_pages"] = number((inside.faulted + outside.faulted).bytes / page);
  observed["probe.landed_pages"] = number((inside.landed + outside.landed).bytes / page);
  if (!segments) return;
  observed["probe.segments"] = inside.word();
  observed["probe.rest"] = outside.word();
  observed["probe.segment_pages"] = number((inside.faulted + inside.landed).bytes / page);
  observed["probe.rest_pages"] = number((outside.faulted + outside.landed).bytes / page);
}

std::uint64_t untried_pages(const protocol::ProbeAnswer& answer) {
  std::uint64_t untried = 0;
  for (const auto& region : answer.regions) {
    auto next = region.start;
    for (const auto& run : region.writes) {
      if (run.start > next) untried += run.start - next;
      next = std::max(next, run.end);
    }
    if (region.end > next) untried += region.end - next;
  }
  return untried / answer.linear_map.granule;
}

void observe_capture(const protocol::Facts& facts, Facts& observed) {
  observed["capture.release"] = facts.release;
  observed["capture.cpus"] = std::int64_t{facts.cpus_online};
  observed["capture.memory_total"] = number(facts.mem_total);
  std::vector<std::string> ranges;
  for (const auto& range : ranges_named(facts, "System RAM"))
    ranges.push_back(fmt::format("{:#x}-{:#x}", range.start, range.end));
  observed["capture.system_ram"] = ranges;
}

void observe_save(const protocol::SaveAnswer& answer, Facts& observed) {
  observed["save.exit_status"] = std::int64_t{answer.exit_status};
  observed["save.bytes"] = number(answer.bytes);
  observed["save.seconds"] = answer.seconds;
}

} // namespace kdt::run
