// What CellRun does to make a kernel panic, in the trigger phase and, where the cell asks for it, in the capture
// kernel.

#include "base/error.hpp"
#include "base/file.hpp"
#include "image/kconfig.hpp"
#include "run/asks.hpp"
#include "run/phases.hpp"

#include <algorithm>

namespace kdt::run {

namespace {

using console::Stage;

} // namespace

const matrix::Trigger& CellRun::find_trigger(const std::string& name) const {
  const auto* trigger = context_.expectations.triggers.find(name);
  if (trigger == nullptr) throw Error(Blame::usage, "there is no trigger '{}'", name);
  return *trigger;
}

std::vector<const matrix::Trigger*> CellRun::triggers() const {
  std::vector<const matrix::Trigger*> found;
  for (const auto& name : {cell_.parameters.trigger, cell_.parameters.capture_trigger})
    if (!name.empty()) found.push_back(&find_trigger(name));
  return found;
}

bool CellRun::needs_console_input() const {
  return std::ranges::any_of(triggers(), [](const auto* trigger) { return trigger->machine == "break"; });
}

bool CellRun::lacks_support() {
  const auto& file = context_.kernel.config;
  if (!fs::exists(file)) return false; // what it was built with is not known: it will show
  auto config = image::parse_config(read_file(file));
  for (const auto* trigger : triggers()) {
    for (const auto& option : trigger->needs) {
      auto built = config.find(option);
      if (built != config.end() && (built->second == "y" || built->second == "m")) continue;
      report(make_finding("lacks-support", fmt::format("trigger {}: kernel {} was built without {}", trigger->name,
                                                       cell_.parameters.kernel, option)),
             Phase::prepare);
      return true;
    }
  }
  return false;
}

bool CellRun::pull(const matrix::Trigger& trigger, Phase phase) {
  auto arguments = trigger_ask(cell_.parameters, trigger, nonce_);
  auto answer = session_->ask(protocol::ask::trigger, arguments, timeouts_.answer);
  if (!answer && !session_->refusal().empty()) {
    report(make_finding("agent-error", "the agent refused the trigger: " + session_->refusal()), phase);
    return false;
  }
  if (trigger.machine.empty() || !answer) return true;
  auto what = trigger.machine == "nmi" ? machine::Poke::nmi : machine::Poke::sysrq_crash;
  auto refusal = machine_->poke(what, Deadline::after(timeouts_.monitor));
  if (refusal) report(make_finding("lacks-support", fmt::format("trigger {}: {}", trigger.name, *refusal)), phase);
  return !refusal;
}

bool CellRun::has_panicked() const {
  return session_->tracker().stage() > Stage::system_kernel || session_->hello(protocol::role::capture).has_value();
}

bool CellRun::still_runs() {
  const auto& tracker = session_->tracker();
  if (has_panicked()) {
    auto sentence = std::string("the system kernel panicked before its trigger was pulled");
    if (!tracker.panic_line().empty()) sentence += ": " + tracker.panic_line();
    report(make_finding("boot-panic", explained(sentence, Phase::trigger), session_->last_lines()), Phase::trigger);
    return false;
  }
  if (session_->gone()) report(lost(Phase::trigger, "boot-panic"), Phase::trigger);
  return !session_->gone();
}

bool CellRun::trigger() {
  if (!still_runs() || !plant_canaries()) return false;
  if (auto complaints = new_complaints(); !complaints.empty()) // later ones were asked for
    report(make_finding("oops", complaints.front(), complaints), Phase::trigger);
  const auto& name = cell_.parameters.trigger;
  const auto& tracker = session_->tracker();
  session_->listen();
  result_.observed["trigger.nonce"] = nonce_;
  if (!pull(find_trigger(name), Phase::trigger)) return false;
  result_.observed["panic.seen"] = false;
  auto ended = session_->wait([this] { return has_panicked(); }, timeouts_.panic);
  result_.observed["panic.console"] = session_->heard();
  if (ended != Session::Wait::done || tracker.panic_line().empty()) {
    bool silent = ended == Session::Wait::done;
    if (silent && expected_by_now("panic.seen") == "false") return true;
    if (silent) return report_hidden_panic(name);
    return wait_failed(Phase::trigger, "panic-not-seen",
                       fmt::format("no panic on the console after '{}': {}", name, session_->stuck()));
  }
  result_.observed["panic.seen"] = true;
  result_.observed["panic.line"] = tracker.panic_line();
  return true;
}

/// The capture kernel's agent has said hello, so there was a panic: it is the matrix that kept it from the console.
/// Always false.
bool CellRun::report_hidden_panic(const std::string& trigger) {
  auto finding = make_finding("panic-not-seen",
                              fmt::format("after '{}' the capture kernel came up though the console showed no panic; "
                                          "likely cause: loglevel= or console= hides it",
                                          trigger),
                              session_->last_lines());
  finding.blame = Blame::usage; // the kernel did as the matrix says
  report(std::move(finding), Phase::trigger);
  return false;
}

/// A capture kernel that panicked: a finding, unless a rule expects that. Always false.
bool CellRun::capture_panicked() {
  const auto& line = session_->tracker().capture_panic_line();
  result_.observed["capture.panicked"] = true;
  result_.observed["capture.panic_line"] = line;
  if (expected_by_now("capture.panicked") != "true")
    report(make_finding("capture-panic", explained("the capture kernel panicked: " + line, Phase::capture),
                        session_->last_lines()),
           Phase::capture);
  return false;
}

/// The second panic of a cell that asks for it. Always false: there is nobody left to save.
bool CellRun::panic_in_capture() {
  const auto& name = cell_.parameters.capture_trigger;
  if (!pull(find_trigger(name), Phase::capture)) return false;
  auto panicked = [&] { return session_->tracker().stage() == Stage::capture_panicked; };
  result_.observed["capture.panicked"] = false;
  if (session_->wait(panicked, timeouts_.panic) == Session::Wait::done) return capture_panicked();
  return wait_failed(Phase::capture, "panic-not-seen",
                     fmt::format("no panic of the capture kernel after '{}': {}", name, session_->stuck()));
}

} // namespace kdt::run
