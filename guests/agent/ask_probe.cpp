#include "asks.hpp"
#include "probe_files.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <cstdio>

namespace kdt::agent {

namespace {

protocol::Region look_at(const protocol::IomemRange& range, std::uint64_t page_size) {
  protocol::Region region;
  region.start = range.start;
  region.end = (range.last + page_size) / page_size * page_size; // since v6.7 a region need not end on a page
  region.label = range.name;
  char text[64];
  std::snprintf(text, sizeof text, "0x%llx 0x%llx", static_cast<unsigned long long>(region.start),
                static_cast<unsigned long long>(region.end));
  write_text(probe_file("range"), text);
  region.map = read_map(read_text(probe_file("map")));
  region.writes = read_store(read_text(probe_file("store")));
  return region;
}

/// The kernel's own list. Not knowing it does not stop the probe: a kernel may hide its symbols, or have no kexec.
std::optional<std::vector<protocol::Segment>> loaded_segments(std::optional<std::uint64_t> variable) {
  try {
    // The host knows it without reading /proc/kallsyms, for which an emulated guest takes 0.1 to 1 s.
    static const auto found = variable ? variable : read_symbol(read_text("/proc/kallsyms"), "kexec_crash_image");
    if (!found) return std::nullopt;
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(*found));
    write_text(probe_file("segments"), text);
    return read_image_segments(read_text(probe_file("segments")));
  } catch (const std::runtime_error& error) {
    say(std::string(protocol::marker::prefix) + "the loaded segments are not known: " + error.what());
    return std::nullopt;
  }
}

} // namespace

Reply serve_probe(const Session&, const protocol::Json& arguments) {
  const auto ask = protocol::decode<protocol::ProbeAsk>(arguments, "probe");
  const double before = uptime();
  insert_probe();
  protocol::ProbeAnswer answer;
  answer.linear_map = read_linear_map(read_text(probe_file("linear_map")));
  for (const auto& range : read_iomem(read_text("/proc/iomem")))
    if (range.name == "Crash kernel") answer.regions.push_back(look_at(range, answer.linear_map.granule));
  answer.segments = loaded_segments(ask.crash_image);
  answer.seconds = uptime() - before;
  return {protocol::encode(answer), {}};
}

} // namespace kdt::agent
