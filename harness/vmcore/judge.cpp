#include "vmcore/judge.hpp"

#include "base/text.hpp"
#include "vmcore/canary_judge.hpp"
#include "vmcore/console_account.hpp"
#include "vmcore/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::vmcore {

namespace {

using Findings = std::vector<Finding>;

bool holds_nonce(std::string_view log, const std::string& nonce) {
  auto line = "kdt: nonce " + nonce;
  for (auto at = log.find(line); at != std::string_view::npos; at = log.find(line, at + 1)) {
    auto end = at + line.size();
    if (end == log.size() || log[end] == '\n' || log[end] == ' ') return true;
  }
  return false;
}

bool holds_panic(std::string_view log, const std::vector<std::string>& markers) {
  return std::ranges::any_of(markers, [&](const auto& m) { return log.find(m) != std::string_view::npos; });
}

std::vector<std::string> log_tail(std::string_view log) {
  auto lines = split(trim(log), '\n');
  if (lines.size() > 3) lines.erase(lines.begin(), lines.end() - 3);
  return lines;
}

/// Whether anything can be said about what is inside.
Findings judge_file(const Contents& c) {
  auto one = [](std::string_view code, std::string text) { return Findings{make_finding(code, std::move(text))}; };
  const auto& shape = c.shape;
  if (c.format == Format::empty) return one("vmcore-unreadable", "the vmcore is empty");
  if (c.format == Format::blank) return one("vmcore-unreadable", "nothing was written: the vmcore begins with zeros");
  if (!c.stream_stopped.empty())
    return one("vmcore-truncated", fmt::format("the flattened vmcore is cut off: {}", c.stream_stopped));
  if (shape.format == Format::unknown || shape.format == Format::flattened || shape.format == Format::blank ||
      shape.format == Format::empty)
    return one("vmcore-unreadable", "the vmcore is neither kdump-compressed nor an ELF core of a 64-bit machine");
  if (shape.incomplete) return one("vmcore-truncated", "the dump tool has marked the vmcore as incomplete");
  if (shape.needed_bytes > shape.file_bytes)
    return one("vmcore-truncated", fmt::format("the vmcore has {} bytes and its headers need at least {}",
                                               shape.file_bytes, shape.needed_bytes));
  if (shape.holes > 0)
    return one("vmcore-truncated",
               fmt::format("{} of {} page descriptors were never written", shape.holes, shape.pages));
  if (!shape.aarch64) return one("vmcore-unreadable", "the vmcore is of another architecture than arm64");
  if (!c.unreadable.empty()) return one("vmcore-unreadable", c.unreadable);
  if (!c.opened && !c.pages.stopped.empty())
    return one("vmcore-unproven", "nothing of the vmcore was read: " + c.pages.stopped);
  if (!c.opened) return one("vmcore-unreadable", "the vmcore was not opened");
  return {};
}

bool of_kernel(const Contents& c, const Expectation& expected) {
  return (!expected.release || c.release == *expected.release) &&
         (!expected.build_id || c.build_id.empty() || c.build_id == *expected.build_id);
}

std::uint64_t memory_of(const Contents& c) {
  std::uint64_t memory = 0;
  for (const auto& range : c.shape.memory) memory += range.size().bytes;
  return memory;
}

/// Whether pages of the kernel's are stored, and in a kdump file every page where its filter leaves none out
/// (makedumpfile stores a page of zeros as a reference to one that all share). Otherwise, only canaries tell.
Findings judge_stored(const Contents& c, const Expectation& expected) {
  constexpr unsigned k_zero_only = 1;
  auto memory = memory_of(c) / std::max<std::uint64_t>(c.page_size, 1);
  if (!c.empty_pieces.empty())
    return {
        make_finding("vmcore-memory-missing",
                     fmt::format("not one page of {:#x}-{:#x} is stored in the vmcore, and the kernel owned all of it",
                                 c.empty_pieces.front().start.value, c.empty_pieces.front().end.value))};
  if (c.shape.format != Format::kdump || expected.filter > k_zero_only || c.shape.pages >= memory) return {};
  return {make_finding("vmcore-memory-missing",
                       fmt::format("{} of {} pages of memory are not stored in the vmcore, and its filter level {} "
                                   "leaves none out",
                                   memory - c.shape.pages, memory, expected.filter))};
}

/// Whether every stored page was tried. An ELF core stores them as they are: nothing can go wrong but the file's end.
Findings judge_read(const Contents& c) {
  if (c.shape.format != Format::kdump || c.pages.read >= c.shape.pages) return {};
  return {make_finding(
      "vmcore-unproven",
      fmt::format("only {} of {} stored pages were read: {}", c.pages.read, c.shape.pages,
                  c.pages.stopped.empty() ? "libkdumpfile does not know of the others" : c.pages.stopped))};
}

/// Whether virtual addresses lead anywhere; without them there is no log, and no CPU is anywhere.
Findings judge_translation(const Contents& c, const Expectation& expected, bool whole) {
  if (expected.map && of_kernel(c, expected))
    if (auto moved = judge_kernel_offset(c.crash, c.release, *expected.map, whole); !moved.empty()) return moved;
  if (c.untranslatable.empty()) return {};
  return {
      make_finding("vmcore-unreadable", "the kernel's page tables are not where vmcoreinfo says: " + c.untranslatable)};
}

void judge_kernel(const Contents& c, const Expectation& expected, Findings& findings) {
  if (expected.release && c.release != *expected.release)
    findings.push_back(make_finding(
        "vmcore-wrong-kernel", fmt::format("the vmcore is of {} and {} was booted",
                                           c.release.empty() ? "an unnamed kernel" : c.release, *expected.release)));
  else if (expected.build_id && !c.build_id.empty() && c.build_id != *expected.build_id)
    findings.push_back(
        make_finding("vmcore-wrong-kernel", fmt::format("the vmcore's kernel has build id {} and {} was booted",
                                                        c.build_id, *expected.build_id)));
}

void judge_log(const Contents& c, std::string_view log, const Expectation& expected, Findings& findings) {
  if (!c.log_problem.empty()) {
    findings.push_back(make_finding("vmcore-no-log", fmt::format("no kernel log in the vmcore: {}", c.log_problem)));
    return;
  }
  if (expected.nonce && !holds_nonce(log, *expected.nonce))
    findings.push_back(make_finding("vmcore-other-run",
                                    fmt::format("the log in the vmcore does not hold nonce {}", *expected.nonce),
                                    log_tail(log)));
  if (!expected.panic_markers.empty() && !holds_panic(log, expected.panic_markers))
    findings.push_back(make_finding("vmcore-no-panic", "the log in the vmcore holds no panic", log_tail(log)));
}

void judge_cpus(const Contents& c, const Expectation& expected, Findings& findings) {
  std::vector<std::string> evidence;
  for (std::size_t i = 0; i < c.cpus.size(); ++i)
    if (!c.cpus[i].saved())
      evidence.push_back(fmt::format("note {}: pc {:#x}, sp {:#x}", i, c.cpus[i].pc, c.cpus[i].sp));
  auto saved = c.cpus.size() - evidence.size();
  auto wanted = expected.cpus ? *expected.cpus : std::max<std::size_t>(c.cpus.size(), 1);
  if (saved == wanted && evidence.empty()) return;
  findings.push_back(make_finding("vmcore-cpus",
                                  fmt::format("the vmcore holds the registers of {} CPUs, not of {}", saved, wanted),
                                  std::move(evidence)));
}

/// The line that the account ends with: what the console showed as the panic.
std::string_view panic_of(const Expectation& expected) {
  return expected.panic_markers.size() == 1 ? std::string_view(expected.panic_markers.front()) : std::string_view();
}

Account account_of(const Contents& c, std::string_view log, const Expectation& expected) {
  if (expected.console.empty()) return {};
  auto lines = split(log, '\n');
  std::erase(lines, "");
  return hold_against_console(expected.console, lines, c.log_levels, panic_of(expected), expected.console_loglevel);
}

/// Of a dump that opened.
Findings judge_inside(const Contents& contents, std::string_view log, const Expectation& expected) {
  Findings findings;
  auto add = [&](Findings more) { findings.insert(findings.end(), more.begin(), more.end()); };
  if (contents.pages.bad > 0)
    findings.push_back(make_finding(
        "vmcore-damaged",
        fmt::format("{} of {} stored pages cannot be read back", contents.pages.bad, contents.pages.present),
        {contents.pages.first_bad}));
  judge_kernel(contents, expected, findings);
  auto has = [&](std::string_view code) { return std::ranges::find(findings, code, &Finding::code) != findings.end(); };
  if (!expected.system_ram.empty())
    add(judge_coverage(contents.shape.memory, expected.system_ram, expected.crash_regions,
                       std::max<std::uint64_t>(contents.page_size, 1)));
  auto lost = judge_translation(contents, expected, !has("vmcore-memory-missing"));
  bool translated = lost.empty();
  add(std::move(lost));
  if (translated) judge_log(contents, log, expected, findings);
  // A dump of another run differs in all that follows from the run.
  bool this_run = !has("vmcore-other-run");
  if (this_run) {
    if (!expected.system_ram.empty()) add(judge_stored(contents, expected));
    add(judge_canaries(expected.canaries, contents.canaries, expected.filter, contents.shape.format == Format::elf));
  }
  judge_cpus(contents, expected, findings);
  if (!translated || !this_run) return findings;
  add(judge_account(account_of(contents, log, expected)));
  if (expected.map && of_kernel(contents, expected))
    add(judge_crash(contents.crash, contents.cpus, log, panic_of(expected), *expected.map));
  return findings;
}

} // namespace

std::vector<PhysRange> pieces_of_the_kernel(const Expectation& expected) {
  constexpr auto k_large = ByteSize::mib(1);
  std::vector<PhysRange> pieces;
  if (expected.canaries.empty()) return pieces;
  for (const auto& piece : dumped_memory(expected.system_ram, expected.crash_regions, 1)) {
    auto inside = [&](const Canary& canary) { return piece.start <= canary.address && canary.address < piece.end; };
    if (piece.size() >= k_large && std::ranges::none_of(expected.canaries, inside)) pieces.push_back(piece);
  }
  return pieces;
}

Facts observe(const Contents& c, std::string_view log, const Expectation& expected) {
  Facts facts{{"vmcore.format", std::string(to_string(c.format))},
              // A disk is longer than the dump on it.
              {"vmcore.size", static_cast<std::int64_t>(std::min(c.shape.file_bytes, c.shape.needed_bytes))}};
  if (!judge_file(c).empty()) return facts;
  facts["vmcore.release"] = c.release;
  if (!c.build_id.empty()) facts["vmcore.build_id"] = c.build_id;
  facts["vmcore.page_size"] = static_cast<std::int64_t>(c.page_size);
  facts["vmcore.crash_time"] = c.crash_time;
  facts["vmcore.memory"] = static_cast<std::int64_t>(memory_of(c));
  facts["vmcore.pages"] = static_cast<std::int64_t>(c.shape.pages);
  if (c.shape.format == Format::kdump) facts["vmcore.pages_read"] = static_cast<std::int64_t>(c.pages.read);
  facts["vmcore.cpus"] = static_cast<std::int64_t>(std::ranges::count_if(c.cpus, &CpuRegisters::saved));
  facts["vmcore.log_lines"] = static_cast<std::int64_t>(std::ranges::count(log, '\n'));
  if (!expected.panic_markers.empty()) facts["vmcore.panic"] = holds_panic(log, expected.panic_markers);
  if (expected.nonce) facts["vmcore.nonce"] = holds_nonce(log, *expected.nonce);
  observe_canaries(expected.canaries, c.canaries, expected.filter, c.shape.format == Format::elf, facts);
  if (!expected.console.empty())
    facts["vmcore.console_lines"] = static_cast<std::int64_t>(account_of(c, log, expected).compared);
  if (expected.map && of_kernel(c, expected)) observe_crash(c.crash, log, panic_of(expected), *expected.map, facts);
  return facts;
}

std::vector<std::string> not_judged(const Expectation& expected) {
  std::vector<std::string> open;
  if (!expected.release) open.push_back("of which kernel it is");
  if (!expected.nonce) open.push_back("of which run it is");
  if (expected.system_ram.empty()) open.push_back("whether all of RAM is in it");
  if (expected.canaries.empty()) open.push_back("whether pages hold what they held");
  if (!expected.map) open.push_back("where KASLR put the kernel, whose the notes are, which stack and task crashed");
  if (expected.console.empty()) open.push_back("whether the console tells the same as the log");
  return open;
}

Findings judge(const Contents& contents, std::string_view log, const Expectation& expected) {
  auto findings = judge_file(contents);
  if (findings.empty()) findings = judge_inside(contents, log, expected);
  // What was found is true however much was read; to have found nothing is not.
  return findings.empty() ? judge_read(contents) : findings;
}

} // namespace kdt::vmcore
