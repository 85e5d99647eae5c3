#include "run/observe.hpp"

#include "base/text.hpp"
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

std::vector<Range> ranges_named(const std::vector<protocol::IomemRange>& iomem, std::string_view name) {
  std::vector<Range> ranges;
  for (const auto& range : iomem)
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

/// Both regions are labelled alike; with two, the lower one is the companion (kernel-facts.md, 1.6).
void observe_regions(const std::string& prefix, const std::vector<protocol::IomemRange>& iomem, Facts& observed) {
  auto regions = ranges_named(iomem, "Crash kernel");
  bool two = regions.size() > 1;
  observe_range(prefix, regions, two ? 1 : 0, observed);
  observe_range(prefix + "low.", regions, two ? 0 : regions.size(), observed);
}

/// Without "[    0.000000] ".
std::string without_timestamp(const std::string& line) {
  return line.substr(line.starts_with('[') ? std::min(line.find("] ") + 2, line.size()) : 0);
}

/// "  DMA      [mem 0x0000000040000000-0x00000000ffffffff]": the end of the last of DMA and DMA32 that holds memory.
void observe_zones(const std::vector<std::string>& dmesg, Facts& observed) {
  for (const auto& stamped : dmesg) {
    auto line = without_timestamp(stamped);
    auto words = split(line, ' ');
    std::erase(words, "");
    if (words.size() != 3 || !words[0].starts_with("DMA") || words[1] != "[mem") continue;
    auto last = parse_byte_size(words[2].substr(words[2].find('-') + 1, words[2].find(']') - words[2].find('-') - 1));
    if (last) observed["boot.dma_end"] = number(last->bytes + 1);
  }
}

/// Where the loaded segments lie in the main region.
void observe_segments(const protocol::ProbeAnswer& answer, const std::vector<PhysRange>& segments, Facts& observed) {
  if (segments.empty() || answer.regions.empty()) return;
  auto region = std::ranges::max_element(answer.regions, {}, &protocol::Region::start);
  auto first = std::ranges::min_element(segments, {}, &PhysRange::start)->start.value;
  auto last = std::ranges::max_element(segments, {}, &PhysRange::end)->end.value;
  bool inside = first >= region->start && last <= region->end;
  observed["load.segment_count"] = number(segments.size());
  observed["load.segments_inside"] = inside;
  if (!inside) return;
  observed["load.segments_offset"] = number(first - region->start);
  observed["load.segments_tail"] = number(region->end - last);
}

/// What /proc/vmcore says it holds.
void observe_vmcore_headers(const std::vector<protocol::ProgramHeader>& headers, Facts& observed) {
  constexpr std::uint32_t k_load = 1; // PT_LOAD
  std::vector<protocol::ProgramHeader> ram;
  auto end = [](const auto& header) { return header.paddr + header.size; };
  for (const auto& one : headers) {
    // The kernel image has a header of its own, inside that of the RAM it lies in.
    bool image = std::ranges::any_of(headers, [&](const auto& other) {
      return other.type == k_load && other.size > one.size && other.paddr <= one.paddr && end(one) <= end(other);
    });
    if (one.type == k_load && !image) ram.push_back(one);
  }
  std::ranges::sort(ram, {}, &protocol::ProgramHeader::paddr);
  std::vector<std::string> ranges;
  bool linear = true;
  for (const auto& one : ram) {
    ranges.push_back(fmt::format("{:#x}-{:#x}", one.paddr, end(one)));
    linear &= one.vaddr - ram[0].vaddr == one.paddr - ram[0].paddr;
  }
  observed["capture.vmcore_headers"] = number(headers.size());
  observed["capture.vmcore_ranges"] = ranges;
  if (!ram.empty()) observed["capture.vmcore_base"] = linear ? fmt::format("{:#x}", ram[0].vaddr) : "mixed";
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

  observe_zones(facts.dmesg, observed);
  observe_regions("reservation.", facts.iomem, observed);
  if (facts.kexec_crash_size) observed["reservation.kexec_crash_size"] = number(*facts.kexec_crash_size);

  // Not the command line; and "Memory value expected", to which 6.1 adds nothing and 6.12 "crahskernel: ".
  auto has = [](const std::string& line, const char* text) { return line.find(text) != std::string::npos; };
  std::vector<std::string> lines;
  for (const auto& line : facts.dmesg)
    if (!has(line, "crashkernel=") && (has(line, "crashkernel") || has(line, "Memory value expected")))
      lines.push_back(without_timestamp(line));
  observed["reservation.dmesg"] = lines;
}

void observe_boot_time(double seconds, const protocol::Facts& facts, Facts& observed) {
  observed["boot.seconds"] = seconds;
  // "[    0.610000] Run /init as init process": a log without it or without time stamps tells nothing.
  auto runs_init = [](const std::string& text) { return text.find(" as init process") != std::string::npos; };
  auto found = std::ranges::find_if(facts.dmesg, runs_init);
  if (found == facts.dmesg.end()) return;
  const std::string& line = *found;
  auto digits = line.find_first_of("0123456789"), end = line.find(']');
  if (!line.starts_with('[') || end == std::string::npos || digits > end) return;
  double clock = 0;
  std::from_chars(line.data() + digits, line.data() + end, clock);
  if (clock <= seconds) observed["boot.early_seconds"] = seconds - clock;
}

std::vector<std::string> load_operations(const CellParameters& parameters) {
  std::vector<std::string> operations;
  for (const auto& word : split(parameters.loads, ' ')) {
    bool by_kexec_load = (parameters.loader == "kexec_load") != (word == "other");
    const char* loader = by_kexec_load ? "kexec_load" : "kexec_file_load";
    operations.push_back(word == "unload" ? std::string(protocol::k_unload) : loader);
  }
  return operations;
}

void observe_load(const protocol::LoadAnswer& answer, Facts& observed) {
  observed["load.exit_status"] = std::int64_t{answer.exit_status};
  observed["load.loaded"] = answer.loaded;
  observed["load.seconds"] = answer.seconds;
  if (answer.steps) observed["load.steps"] = *answer.steps;
  if (answer.exit_status == 0) return;
  constexpr std::ptrdiff_t k_last_lines = 20;
  auto lines = split(answer.output, '\n');
  std::erase(lines, "");
  lines.erase(lines.begin(), lines.end() - std::min(k_last_lines, std::ssize(lines)));
  observed["load.output"] = lines;
}

void observe_resize(const std::string& attempt, const protocol::ResizeAnswer& answer, Facts& observed) {
  observed[attempt + ".error"] = answer.error.empty() ? "none" : answer.error;
  observed[attempt + ".kexec_crash_size"] = number(answer.size);
  if (attempt == "shrink") observe_regions("shrink.", answer.regions, observed);
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
  observe_segments(answer, *segments, observed);
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
  for (const auto& range : ranges_named(facts.iomem, "System RAM"))
    ranges.push_back(fmt::format("{:#x}-{:#x}", range.start, range.end));
  observed["capture.system_ram"] = ranges;
  if (facts.vmcore) observe_vmcore_headers(*facts.vmcore, observed);
}

void observe_save(const protocol::SaveAnswer& answer, Facts& observed) {
  observed["save.exit_status"] = std::int64_t{answer.exit_status};
  observed["save.bytes"] = number(answer.bytes);
  observed["save.seconds"] = answer.seconds;
  if (answer.seconds > 0)
    observed["save.rate"] = static_cast<std::int64_t>(static_cast<double>(answer.bytes) / answer.seconds);
}

} // namespace kdt::run
