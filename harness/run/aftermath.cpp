// What CellRun does when a guest is stuck or gone, and after it has done its work: post-mortem, blame, verification.

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "run/dump_expectation.hpp"
#include "run/host_memory.hpp"
#include "run/phases.hpp"

#include <algorithm>
#include <utility>

namespace kdt::run {

namespace {
constexpr std::size_t k_quoted = 80; // bytes of a line in a sentence

/// Cut between two characters of UTF-8.
std::string shortened(const std::string& text, std::size_t to) {
  if (text.size() <= to) return text;
  while (to > 0 && (static_cast<unsigned char>(text[to]) & 0xc0) == 0x80) --to;
  return text.substr(0, to) + "…";
}

/// Where a guest that ended by itself, with QEMU still healthy, was expected to be.
std::string_view code_of_guest_end(Phase phase) {
  switch (phase) {
  case Phase::trigger:
    return "panic-not-seen";
  case Phase::capture:
    return "reboot-without-capture";
  case Phase::save:
    return "capture-lost";
  default:
    return "boot-panic";
  }
}

/// The line of a kernel log that says why the kernel panicked: panic()'s, else the header of the last oops.
std::string panic_line_of(const std::string& log) {
  std::string found;
  for (const auto& stamped : split(log, '\n')) {
    auto line = console::without_timestamp(stamped);
    bool panic = line.starts_with("Kernel panic - not syncing");
    if (panic || line.starts_with("Internal error: ")) found = printable(line);
    if (panic) return found;
  }
  return found;
}

/// Why the agent ended the machine, as it said on the console; empty when it did not.
std::string last_words(const Session& session) {
  for (auto marker : {protocol::marker::trouble, protocol::marker::no_port})
    for (const auto& line : session.last_lines())
      if (line.starts_with(marker)) return line.substr(protocol::marker::prefix.size());
  return "";
}
} // namespace

bool CellRun::ended_by_guest() const {
  const auto& ended = session_->ended();
  return ended && ended->status.success() && session_->shutdown_reason().starts_with("guest-");
}

Finding CellRun::lost(Phase phase, std::string_view code) {
  if (!session_->host_disk_failure().empty())
    return make_finding("host-disk",
                        fmt::format("the host could not serve the guest's disk in phase {}: {}; {} has {} free",
                                    to_string(phase), session_->host_disk_failure(), context_.directory.string(),
                                    human(free_space(context_.directory))),
                        session_->last_lines());
  KDT_ASSERT(session_->ended().has_value());
  const auto& ended = *session_->ended();
  const auto& reason = session_->shutdown_reason();
  if (!ended_by_guest()) {
    auto how = how_it_ended(ended);
    if (reason.starts_with("host-")) how += fmt::format(" ({})", reason);
    auto words = split(ended.words, '\n');
    std::erase_if(words, [](const std::string& line) { return line.empty(); });
    if (auto shortage = memory_shortage(ended, oom_kills_, host_memory())) {
      auto taken = fmt::format("QEMU ended with {} in phase {}, when it had occupied up to {}", how, to_string(phase),
                               human(machine_->peak_memory()));
      return make_finding("host-memory", fmt::format("{}: {}", taken, *shortage), std::move(words));
    }
    result_.observed["host.memory_left"] = static_cast<std::int64_t>(host_memory().available.bytes);
    auto sentence = fmt::format("QEMU ended with {} in phase {}", how, to_string(phase));
    sentence += words.empty() ? "; QEMU itself printed nothing" : ": " + words.back();
    return make_finding("guest-lost", sentence, std::move(words));
  }
  if (!session_->agent_trouble().empty())
    return make_finding("agent-error", "the agent gave up: " + session_->agent_trouble(), session_->last_lines());
  if (auto words = last_words(*session_); !words.empty())
    return make_finding("agent-error", explained("the agent powered the guest off: " + words, phase),
                        session_->last_lines());
  auto what = reason == "guest-reset"      ? std::string("reset the machine")
              : reason == "guest-shutdown" ? std::string("powered the machine off")
                                           : fmt::format("ended the machine ({})", reason);
  auto sentence = fmt::format("the guest {} in phase {}", what, to_string(phase));
  return make_finding(code.empty() ? code_of_guest_end(phase) : code, explained(sentence, phase),
                      session_->last_lines());
}

std::string CellRun::explained(const std::string& sentence, Phase phase) const {
  const auto* trouble = session_->tracker().most_telling(kernel_of(phase));
  // Both kernels are told panic=1, and the system kernel was on its way out.
  bool unseen = session_->ended() && session_->tracker().stage() == console::Stage::leaving;
  if (trouble == nullptr && unseen)
    return sentence + "; likely cause: the capture kernel panicked before it could print (too little memory, or a "
                      "command line that it cannot start with)";
  if (trouble == nullptr) return sentence;
  bool said = sentence.find(trouble->line) != std::string::npos;
  return fmt::format("{}; likely cause: {}{}", sentence, in_words(*trouble->what),
                     said ? "" : fmt::format(": '{}'", trouble->line));
}

Finding CellRun::tool_failure(std::string_view code, const std::string& sentence, const std::string& output,
                              Phase phase) const {
  const auto* what = console::classify_output(output);
  if (what == nullptr) return make_finding(code, explained(sentence, phase), {output});
  // What has a code of its own is told by it, so that a known issue can be about this cause and no other.
  auto told = find_code(what->name) != nullptr ? what->name : code;
  auto finding = make_finding(told, fmt::format("{}; likely cause: {}", sentence, in_words(*what)), {output});
  finding.blame = what->blame;
  return finding;
}

void CellRun::observe_host() {
  if (!machine_) return;
  if (auto peak = machine_->peak_memory(); peak.bytes > 0)
    result_.observed["host.peak_memory"] = static_cast<std::int64_t>(peak.bytes);
}

void CellRun::report_flood(Phase phase) {
  bool known = std::ranges::find(result_.findings, "console-flood", &Finding::code) != result_.findings.end();
  if (!session_ || known || !session_->console_floods()) return;
  auto sentence = session_->flood().empty() ? "the console printed more than is kept"
                                            : "the console prints the same line without end: '" +
                                                  shortened(session_->flood(), k_quoted) + "'";
  report(make_finding("console-flood", std::move(sentence), session_->last_lines()), phase);
}

std::vector<std::string> CellRun::new_complaints() {
  const auto& all = session_->tracker().complaints();
  auto seen = std::exchange(complaints_seen_, all.size());
  return {all.begin() + static_cast<std::ptrdiff_t>(seen), all.end()};
}

void CellRun::report_complaints(Phase phase, std::size_t findings_before) {
  if (!session_) return;
  auto fresh = new_complaints();
  bool asked_for = phase == Phase::trigger || (phase == Phase::capture && !cell_.parameters.capture_trigger.empty());
  if (fresh.empty() || asked_for) return;
  auto text = fresh.front();
  report(make_finding(phase == Phase::probe ? "probe-oops" : "oops", std::move(text), std::move(fresh)), phase);
  std::rotate(result_.findings.begin() + static_cast<std::ptrdiff_t>(findings_before), result_.findings.end() - 1,
              result_.findings.end());
}

namespace {
/// A kernel of which nothing but the Image is there may not tell its build id.
std::optional<std::string> known_or_nothing(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}
} // namespace

vmcore::Report verify_in_child(const vmcore::Subject& subject, const vmcore::Expectation& expectation,
                               Deadline deadline, std::stop_token stop) {
  return vmcore::verify(subject, expectation, vmcore::verify_limits(subject), deadline, std::move(stop));
}

/// False when there is no file to verify.
bool CellRun::collect_dump() {
  auto findings = target_->collect(Deadline::after(timeouts_.verify));
  if (auto clean = target_->clean()) result_.observed["save.target_clean"] = *clean;
  bool readable = true;
  for (auto& finding : findings) {
    readable &= finding.code != "vmcore-unreadable";
    report(std::move(finding), Phase::verify);
  }
  return readable;
}

bool CellRun::verify() {
  machine_->stop(); // the agent has flushed the disk
  if (!collect_dump()) return false;
  auto expectation = dump_expectation(result_);
  expectation.release = context_.kernel.release;
  expectation.build_id = known_or_nothing(context_.kernel.build_id);
  if (const auto& line = session_->tracker().panic_line(); !line.empty())
    expectation.panic_markers = {line};
  else
    expectation.panic_markers = {"Kernel panic - not syncing", "Internal error: "};
  if (auto symbols = kernel_symbols()) expectation.map = kernel_map(std::move(symbols));
  expectation.console = console_if_whole(context_.directory / "console.log");
  // Of 256 GiB on a busy host, 30 s were not enough. The other half is for what comes before the pages.
  vmcore::Subject subject{.vmcore = target_->dump(),
                          .assembled = context_.directory / "vmcore",
                          .log = context_.directory / "vmcore-dmesg.txt",
                          .page_budget = Seconds(timeouts_.verify) / 2};
  auto verified = context_.verify(subject, expectation, Deadline::after(timeouts_.verify), context_.stop);
  for (const auto& [name, value] : verified.facts) result_.observed[name] = value;
  if (!verified.log.empty()) {
    result_.artifacts["vmcore_log"] = verified.log.filename();
    if (auto line = panic_line_of(read_file(verified.log)); !line.empty()) result_.observed["vmcore.panic_line"] = line;
  }
  for (auto& finding : verified.findings) report(std::move(finding), Phase::verify);
  return true;
}

void CellRun::tidy(bool keep) {
  auto vmcore = context_.directory / "vmcore";
  std::error_code ignored;
  if (!keep) {
    fs::remove(vmcore, ignored);
    if (machine_) machine_->stop(); // it has the disk open, and what follows may need the room
    target_.reset();
  } else if (!fs::exists(vmcore, ignored) && target_ && target_->occupied().bytes > 0) {
    const auto* size = find(result_.observed, "vmcore.size");
    if (find(result_.observed, "vmcore.release") != nullptr && size != nullptr) {
      target_->keep_dump(vmcore, {static_cast<std::uint64_t>(std::get<std::int64_t>(*size))});
    } else {
      target_->keep_disk(context_.directory / "dump.img");
      result_.artifacts["dump_disk"] = "dump.img";
    }
  }
  if (fs::exists(vmcore, ignored)) result_.artifacts["vmcore"] = "vmcore";
}

} // namespace kdt::run
