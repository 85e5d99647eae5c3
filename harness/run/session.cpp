#include "run/session.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace kdt::run {

namespace {
constexpr std::size_t k_recent_lines = 40;
constexpr std::size_t k_heard_lines = 200;
constexpr std::chrono::seconds k_stall{5}; // a wait that ends so much too late was not the guest's doing
constexpr int k_flood = 500;               // the same line so often in a row; no kernel that is well does that

const char* word_of(console::Note::Kind kind) {
  switch (kind) {
  case console::Note::Kind::stage:
    return "stage";
  case console::Note::Kind::fault:
    return "fault";
  case console::Note::Kind::evidence:
    return "evidence";
  case console::Note::Kind::marker:
    return "marker";
  }
  KDT_ASSERT(!"unknown kind of note");
}
} // namespace

Session::Wait Session::wait(const std::function<bool()>& done, const Patience& patience) {
  last_wait_ = Wait::done;
  stuck_.clear();
  auto now = Clock::now();
  Watch watch(patience, now);
  while (!done()) {
    if (gone()) return last_wait_ = Wait::gone;
    Deadline next(watch.next_look());
    auto event = machine_.next_event(next);
    if (auto gap = Clock::now() - next.at(); gap > k_stall) { // Ctrl-Z, a frozen group, a host that was asleep
      log_.add("unwatched", {{"seconds", Seconds(gap).count()}});
      watch.unwatched(gap);
    }
    now = std::max(now, Clock::now());
    if (std::holds_alternative<machine::TimedOut>(event)) {
      now = std::max(now, next.at()); // a scripted machine's time passes so
      look(watch, now, Deadline::after(patience.still / 3));
    } else {
      sign_ = false;
      std::visit([this](const auto& happened) { take(happened); }, event);
      if (sign_) watch.sign(now);
    }
    auto state = watch.state(now); // also after an event: a flood of them must not hide that the time is over
    if (state == Watch::State::fine || done()) continue;
    stuck_ = describe(state, patience);
    if (watch.host_is_too_busy() && !ended_)
      throw Error(Blame::infra, "the host is too busy: most of the time the guest waited for a processor; {}", stuck_);
    return last_wait_ = ended_ ? Wait::gone : Wait::stuck;
  }
  return last_wait_;
}

void Session::catch_up() {
  constexpr std::chrono::seconds most{1}; // of a guest that never stops talking
  for (auto end = Deadline::after(most); !ended_ && !end.passed();) {
    auto event = machine_.next_event(Deadline::after({}));
    if (std::holds_alternative<machine::TimedOut>(event)) return;
    std::visit([this](const auto& happened) { take(happened); }, event);
  }
}

Session::Past Session::past() const {
  return {.splitter = splitter_,
          .tracker = tracker_,
          .recent = recent_,
          .system_hello = system_hello_,
          .capture_hello = capture_hello_};
}

void Session::take_over(const Past& past) {
  splitter_ = past.splitter;
  tracker_ = past.tracker;
  recent_ = past.recent;
  system_hello_ = past.system_hello;
  capture_hello_ = past.capture_hello;
}

void Session::look(Watch& watch, Clock::time_point now, Deadline deadline) {
  auto grown = growth_ ? growth_() : ByteSize{};
  if (grown != std::exchange(grown_, grown)) return watch.sign(now);
  try {
    auto registers = machine_.registers(machine::Depth::counters, deadline);
    watch.look(std::move(registers), now, machine_.processor_time());
    log_.add("look", {{"moved", watch.moved()}});
  } catch (const Error& error) { // that the monitor does not answer is for the post-mortem to say
    watch.look(std::nullopt, now);
    log_.add("look", {{"error", printable(error.what())}});
  }
}

std::optional<guest::Answer> Session::answer_to(const std::string& line, const Patience& patience) {
  answer_.reset();
  refusal_.clear();
  progress_.clear();
  log_.add("ask", {{"text", printable(line)}});
  machine_.send(line);
  asked_in_ = tracker_.stage();
  wait([this] { return answer_ || !refusal_.empty() || tracker_.stage() != asked_in_; }, patience);
  return answer_;
}

const std::optional<protocol::Hello>& Session::hello(std::string_view role) const {
  return role == protocol::role::capture ? capture_hello_ : system_hello_;
}

std::vector<std::string> Session::last_lines() const {
  auto lines = recent_;
  if (!splitter_.rest().empty()) lines.push_back(printable(splitter_.rest()));
  return lines;
}

void Session::take(const machine::ConsoleOutput& output) {
  log_.console(output.bytes);
  sign_ = !console_floods();
  for (const auto& line : splitter_.feed(output.bytes)) follow(line);
}

void Session::follow(const std::string& line) {
  log_.add("console", {{"line", printable(line)}});
  auto text = console::without_timestamp(line);
  repeats_ = text == previous_ ? repeats_ + 1 : 0;
  previous_ = text;
  if (flood_.empty() && repeats_ >= k_flood) flood_ = text.empty() ? "(an empty line)" : printable(text);
  recent_.push_back(printable(line));
  if (recent_.size() > 2 * k_recent_lines) recent_.erase(recent_.begin(), recent_.end() - k_recent_lines);
  for (const auto& note : tracker_.feed(line)) {
    nlohmann::ordered_json members{
        {"kind", word_of(note.kind)}, {"stage", console::to_string(note.stage)}, {"line", note.line}};
    if (note.what != nullptr) members["trouble"] = note.what->name;
    log_.add("note", members);
  }
  bool of_system_kernel = tracker_.stage() < console::Stage::capture_kernel;
  if (heard_ && of_system_kernel && heard_->size() < k_heard_lines) heard_->push_back(printable(text));
}

void Session::take(const machine::AgentLine& line) {
  log_.add("agent", {{"text", printable(line.text)}});
  auto message = asker_.feed(line.text);
  if (!message) return;
  sign_ = true;
  if (auto* hello = std::get_if<guest::Hello>(&*message)) {
    (hello->role == protocol::role::capture ? capture_hello_ : system_hello_) = *hello;
    mute_ = true;
  } else if (std::holds_alternative<guest::Progress>(*message)) {
    sign_ = line.text != std::exchange(progress_, line.text); // a tool that repeats itself does not get on
  } else if (auto* answer = std::get_if<guest::Answer>(&*message)) {
    if (answer->id == asker_.last_id()) answer_ = *answer; // else too late: the ask was given up
    mute_ = false;
  } else if (auto* refusal = std::get_if<guest::Refusal>(&*message)) {
    mute_ = false;
    if (refusal->id == 0 || refusal->id == asker_.last_id())
      refusal_ = refusal->sentence.empty() ? "the agent refused without a reason" : printable(refusal->sentence);
  } else if (auto* trouble = std::get_if<guest::Trouble>(&*message)) {
    agent_trouble_ = printable(trouble->text);
  }
}

void Session::take(const machine::StateChange& change) {
  log_.add("state", {{"name", change.name}, {"reason", change.reason}});
  if (change.name == "SHUTDOWN" && shutdown_reason_.empty()) shutdown_reason_ = change.reason;
  if (change.name == "BLOCK_IO_ERROR") host_disk_failure_ = change.reason.empty() ? "an I/O error" : change.reason;
}

void Session::take(const machine::Ended& ended) {
  log_.add("exit", {{"status", how_it_ended(ended)}, {"words", ended.words}});
  ended_ = ended;
}

} // namespace kdt::run
