#include "run/host_map.hpp"

#include "base/error.hpp"
#include "pagetable/walk.hpp"
#include "vmcore/vmcoreinfo.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace kdt::run {

namespace {

constexpr std::uint64_t k_most_note = 1 << 20; // real ones have one page

/// The text in an ELF note with one name and one description, which is what /sys/kernel/vmcoreinfo points to.
std::string note_text(const ReadMemory& read, const protocol::NotePlace& place) {
  std::array<std::uint32_t, 3> head{}; // sizes of name and description, type: little-endian on both sides
  if (place.size < sizeof head || place.size > k_most_note)
    throw Error(Blame::infra, "the kernel says that its VMCOREINFO note has {} bytes", place.size);
  read({place.start}, std::as_writable_bytes(std::span(head)));
  auto name_size = (std::uint64_t{head[0]} + 3) / 4 * 4;
  if (name_size > place.size || head[1] > place.size - sizeof head || sizeof head + name_size + head[1] > place.size)
    throw Error(Blame::infra, "there is no VMCOREINFO note at {}", to_string(PhysAddr{place.start}));
  std::string text(name_size + head[1], '\0');
  read({place.start + sizeof head}, std::as_writable_bytes(std::span(text)));
  if (!text.starts_with("VMCOREINFO"))
    throw Error(Blame::infra, "there is no VMCOREINFO note at {}", to_string(PhysAddr{place.start}));
  return text.substr(name_size);
}

std::uint64_t page_size_in(const vmcore::VmcoreInfo& info) {
  auto digits = info.line("PAGESIZE").value_or("");
  std::uint64_t size = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), size);
  return size; // 0 is refused with all other sizes that there are not
}

std::uint64_t wanted(std::optional<std::uint64_t> value, std::string_view name) {
  if (!value) throw Error(Blame::infra, "the kernel's VMCOREINFO note does not tell {}", name);
  return *value;
}

pagetable::Layout layout_in(const vmcore::VmcoreInfo& info) {
  auto va_bits = wanted(info.number("VA_BITS"), "VA_BITS");
  // Kernels before 5.9 do not tell T1SZ; they use all bits that they are configured for.
  return pagetable::layout_of({.page_size = page_size_in(info),
                               .swapper_pg_dir = wanted(info.symbol("swapper_pg_dir"), "swapper_pg_dir"),
                               .kimage_voffset = wanted(info.number("kimage_voffset"), "kimage_voffset"),
                               .phys_offset = wanted(info.number("PHYS_OFFSET"), "PHYS_OFFSET"),
                               .va_bits = va_bits,
                               .tcr_el1_t1sz = info.number("TCR_EL1_T1SZ").value_or(64 - va_bits)});
}

/// "pte 0x1000-0x2000 invalid": a run as evidence.
std::string text(const protocol::MapRun& run) {
  return fmt::format("{:#x}-{:#x} {}{}{}{}", run.start, run.end, run.cont ? "cont" : "", run.level,
                     run.valid || run.level == "none" ? "" : " invalid",
                     run.writable || run.level == "none" ? "" : " read-only");
}

std::string text(const protocol::Region* region, std::size_t index) {
  if (region == nullptr) return "nothing";
  return index < region->map.size() ? text(region->map[index]) : "no more runs";
}

void compare(std::vector<std::string>& found, const std::string& what, std::uint64_t probe, std::uint64_t host) {
  if (probe != host) found.push_back(fmt::format("{}: {} by the probe, {} from the host", what, probe, host));
}

const protocol::Region* region_at(const std::vector<protocol::Region>& regions, std::size_t index) {
  return index < regions.size() ? &regions[index] : nullptr;
}

/// The first run in which they differ is enough.
void compare(std::vector<std::string>& found, const protocol::Region* probe, const protocol::Region* host) {
  std::size_t runs = std::max(probe != nullptr ? probe->map.size() : 0, host != nullptr ? host->map.size() : 0);
  for (std::size_t i = 0; i < std::max<std::size_t>(runs, 1); ++i) {
    auto seen = text(probe, i), walked = text(host, i);
    if (seen == walked) continue;
    found.push_back(fmt::format("crash region: {} by the probe, {} from the host", seen, walked));
    return;
  }
}

std::map<std::string, std::uint64_t> levels_of(const protocol::LinearMap& map, bool pages_close) {
  auto levels = map.levels;
  if (auto closed = levels.extract("invalid"); closed && pages_close)
    levels["pte"] += closed.mapped();
  else if (closed)
    levels.insert(std::move(closed));
  return levels;
}

} // namespace

protocol::ProbeAnswer read_host_map(const ReadMemory& read, const PhysRange& ram, const protocol::NotePlace& note,
                                    const std::vector<PhysRange>& regions) {
  auto layout = layout_in(vmcore::VmcoreInfo(note_text(read, note)));
  auto reading = pagetable::walk(layout, ram, regions, read);
  protocol::ProbeAnswer answer;
  answer.linear_map = std::move(reading.linear_map);
  for (std::size_t i = 0; i < regions.size(); ++i)
    answer.regions.push_back({.start = regions[i].start.value,
                              .end = regions[i].end.value,
                              .label = "Crash kernel",
                              .map = std::move(reading.ranges[i]),
                              .writes = {}});
  return answer;
}

std::vector<std::string> map_differences(const protocol::ProbeAnswer& probe, const protocol::ProbeAnswer& host,
                                         bool pages_close) {
  std::vector<std::string> found;
  const auto &a = probe.linear_map, &b = host.linear_map;
  compare(found, "granule", a.granule, b.granule);
  compare(found, "bits of an address", a.va_bits, b.va_bits);
  compare(found, "bytes of page tables", a.page_table_bytes, b.page_table_bytes);
  auto seen = levels_of(a, pages_close), walked = levels_of(b, pages_close);
  auto levels = seen;
  levels.insert(walked.begin(), walked.end());
  for (const auto& [word, bytes] : levels) {
    auto of = [&word = word](const auto& map) { return map.contains(word) ? map.at(word) : 0; };
    compare(found, "bytes of the linear map as " + word, of(seen), of(walked));
  }
  for (std::size_t i = 0; i < std::max(probe.regions.size(), host.regions.size()); ++i)
    compare(found, region_at(probe.regions, i), region_at(host.regions, i));
  return found;
}

} // namespace kdt::run
