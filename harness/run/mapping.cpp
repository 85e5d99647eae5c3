// The second reading of the page tables: what CellRun does beside the probe, and instead of it where it cannot run.

#include "base/error.hpp"
#include "base/text.hpp"
#include "matrix/derive.hpp"
#include "run/host_map.hpp"
#include "run/observe.hpp"
#include "run/phases.hpp"

#include <algorithm>

namespace kdt::run {

namespace {
static_assert(machine::k_ram_start.value == matrix::k_ram_base);

std::vector<PhysRange> ranges_of(const std::vector<protocol::Region>& regions) {
  std::vector<PhysRange> ranges;
  for (const auto& region : regions) ranges.push_back({{region.start}, {region.end}});
  return ranges;
}
} // namespace

void CellRun::remember_for_walk(const protocol::Facts& facts) {
  note_ = facts.vmcoreinfo;
  for (const auto& range : facts.iomem) // a region need not end on a page
    if (range.name == "Crash kernel" && facts.page_size > 0)
      regions_.push_back({{range.start}, {(range.last + facts.page_size) / facts.page_size * facts.page_size}});
}

std::optional<std::uint64_t> CellRun::symbol_address(const protocol::Facts& facts, std::string_view name) {
  auto symbols = facts.text ? kernel_symbols() : nullptr;
  if (!symbols) return std::nullopt;
  auto text = symbols->address("_text"), symbol = symbols->address(name);
  if (!text || !symbol) return std::nullopt;
  return *facts.text + (*symbol - *text);
}

protocol::ProbeAnswer CellRun::walk_from_host(const std::vector<PhysRange>& regions) {
  auto begin = log_.now();
  protocol::ProbeAnswer seen;
  auto look = [&](const ReadMemory& read) {
    seen = read_host_map(read, machine::ram_of(cell_.parameters.memory), *note_, regions);
  };
  machine_->look_into_memory(look, Deadline::after(timeouts_.probe.most));
  seen.seconds = (log_.now() - begin).count();
  auto& longest = result_.observed.try_emplace("hostmap.seconds", 0.0).first->second;
  longest = std::max(std::get<double>(longest), seen.seconds);
  log_.add("host-walk", {{"seconds", seen.seconds}, {"map", protocol::encode(seen.linear_map)}});
  return seen;
}

bool CellRun::check_map_from_host(const std::optional<protocol::ProbeAnswer>& probe, Moment moment) {
  if (!note_) {
    log_.add("host-walk", {{"error", "the kernel does not tell where its VMCOREINFO note is"}});
    return true;
  }
  try {
    compare_with_host(probe, moment);
  } catch (const Error& error) {
    // A guest that went away meanwhile is reported as lost: the walk's words would only hide it.
    if (!agent_answers(Phase::probe)) return false;
    report(make_finding("host-walk-failed", printable(error.what())), Phase::probe);
  }
  return true;
}

void CellRun::compare_with_host(std::optional<protocol::ProbeAnswer> probe, Moment moment) {
  auto host = walk_from_host(probe ? ranges_of(probe->regions) : regions_);
  if (moment == Moment::after_load) {
    observe_closed_pages(host, result_.observed);
  } else {
    observe_map("hostmap.", host, result_.observed);
    if (!probe) observe_map("map.", host, result_.observed);
    if (!probe) result_.observed["map.source"] = std::string("host");
  }
  if (!probe) return;

  auto is = [&](const char* name, const Value& value) {
    const auto* known = find(result_.facts, name);
    return known != nullptr && *known == value;
  };
  bool pages_close = is("kfence", std::string("early")) || is("debug_pagealloc", true);
  auto differences = map_differences(*probe, host, pages_close);
  if (!differences.empty()) { // an alias may have changed between the two readings: once more decides
    auto again = session_->ask(protocol::ask::probe, protocol::ProbeAsk{crash_image_}, timeouts_.probe);
    if (!again) throw Error(Blame::infra, "the probe did not answer a second time: {}", differences.front());
    probe = guest::read<protocol::ProbeAnswer>(*again);
    differences = map_differences(*probe, walk_from_host(ranges_of(probe->regions)), pages_close);
  }
  auto& agrees = result_.observed.try_emplace("hostmap.agrees", true).first->second;
  if (differences.empty()) return;
  agrees = false;
  auto text = fmt::format("probe and host disagree about the page tables {} the load: {}",
                          moment == Moment::before_load ? "before" : "after", differences.front());
  report(make_finding("mapping-disagrees", std::move(text), std::move(differences)), Phase::probe);
}

} // namespace kdt::run
