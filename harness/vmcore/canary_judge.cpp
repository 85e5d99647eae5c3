#include "vmcore/canary_judge.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace kdt::vmcore {

namespace {

using State = Sighting::State;

enum class Outcome { good, left_out, reused, missing, damaged, stray };

Outcome outcome(const Canary& canary, const Sighting& sighting, unsigned filter, bool elf) {
  bool out = leaves_out(filter, canary.kind);
  // A free page may have become one of a kind that is left out.
  bool reusable = canary.kind == "free" && filter != 0;
  if (sighting.state == State::absent) return out ? Outcome::left_out : reusable ? Outcome::reused : Outcome::missing;
  // A kdump file has one page of zeros for all: left out or not, it is read back as zeros.
  if (canary.kind == "zero" && sighting.state == State::zeros) return out ? Outcome::left_out : Outcome::good;
  // What makedumpfile leaves out at the end of an ELF segment is a part that is not in the file (p_memsz > p_filesz).
  if (elf && out && sighting.state == State::zeros) return Outcome::left_out;
  if (sighting.state != State::intact || canary.kind == "zero")
    return canary.kind == "free" ? Outcome::reused : Outcome::damaged;
  return out ? Outcome::stray : Outcome::good;
}

/// One for each canary. A free page that was given to somebody who has not written to it yet is stored, and holds what
/// it held: a filter that leaves free pages in shows more than a few of them.
std::vector<Outcome> outcomes(const std::vector<Canary>& canaries, const std::vector<Sighting>& sightings,
                              unsigned filter, bool elf) {
  std::vector<Outcome> all;
  std::size_t free = 0, stray = 0;
  auto stray_free = [&](std::size_t i) { return canaries[i].kind == "free" && all[i] == Outcome::stray; };
  for (std::size_t i = 0; i < std::min(canaries.size(), sightings.size()); ++i) {
    all.push_back(outcome(canaries[i], sightings[i], filter, elf));
    free += canaries[i].kind == "free" ? 1 : 0;
    stray += stray_free(i) ? 1 : 0;
  }
  if (2 * stray <= free)
    for (std::size_t i = 0; i < all.size(); ++i)
      if (stray_free(i)) all[i] = Outcome::reused;
  return all;
}

/// "3 of 32 canaries": those with this outcome, a line of evidence for the first of them.
struct Counted {
  std::int64_t count = 0;
  std::set<std::string> kinds;
  std::vector<std::string> evidence;
};

Counted count(const std::vector<Canary>& canaries, const std::vector<Sighting>& sightings, unsigned filter, bool elf,
              Outcome wanted) {
  constexpr std::size_t k_most_evidence = 16;
  Counted counted;
  const auto all = outcomes(canaries, sightings, filter, elf);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& canary = canaries[i];
    if (all[i] != wanted) continue;
    ++counted.count;
    counted.kinds.insert(canary.kind);
    if (counted.evidence.size() == k_most_evidence) continue;
    auto line = fmt::format("{} page {:#x}", canary.kind, canary.address.value);
    if (sightings[i].state == State::zeros) line += ": full of zeros";
    if (sightings[i].state == State::different)
      line += fmt::format(": differs in the eight bytes at {:#x}", canary.address.value + sightings[i].at);
    counted.evidence.push_back(std::move(line));
  }
  return counted;
}

} // namespace

bool leaves_out(unsigned filter, std::string_view kind) {
  if (kind == "zero") return (filter & 1) != 0;
  if (kind == "cache") return (filter & (2 | 4)) != 0; // ours are not private; 4 leaves out both
  if (kind == "user") return (filter & 8) != 0;
  if (kind == "free") return (filter & 16) != 0;
  return false;
}

std::vector<Finding> judge_canaries(const std::vector<Canary>& canaries, const std::vector<Sighting>& sightings,
                                    unsigned filter, bool elf) {
  std::vector<Finding> findings;
  auto report = [&](Outcome wanted, std::string_view code, std::string_view what) {
    auto counted = count(canaries, sightings, filter, elf, wanted);
    if (counted.count > 0)
      findings.push_back(
          make_finding(code,
                       fmt::format("{} of {} pages with a known content {} (filter level {}): {}", counted.count,
                                   canaries.size(), what, filter, fmt::join(counted.kinds, ", ")),
                       std::move(counted.evidence)));
  };
  report(Outcome::missing, "vmcore-canary-missing", "are not in the vmcore");
  report(Outcome::damaged, "vmcore-canary-damaged", "hold something else in the vmcore");
  if (!elf) report(Outcome::stray, "vmcore-filter", "should have been left out of the vmcore");
  return findings;
}

void observe_canaries(const std::vector<Canary>& canaries, const std::vector<Sighting>& sightings, unsigned filter,
                      bool elf, Facts& facts) {
  if (canaries.empty()) return;
  auto number = [&](Outcome wanted) { return count(canaries, sightings, filter, elf, wanted).count; };
  facts["vmcore.canaries"] = static_cast<std::int64_t>(canaries.size());
  facts["vmcore.canaries_intact"] = number(Outcome::good);
  facts["vmcore.canaries_left_out"] = number(Outcome::left_out);
  facts["vmcore.canaries_reused"] = number(Outcome::reused);
}

} // namespace kdt::vmcore
