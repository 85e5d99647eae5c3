#include "run/session.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace kdt::run {

namespace {
constexpr std::size_t k_recent_lines = 40;
constexpr int k_flood = 500; // the same line so often in a row; no kernel that is well does that

const char* word_of(console::Note::Kind kind) {
  switch (kind) {
  case console::Note::Kind::stage:
    return "stage";
  case console::Note::Kind::oops:
    return "oops";
  case console::Note::Kind::warning:
    return "warning";
  case console::Note::Kind::marker:
    return "marker";
  }
  KDT_ASSERT(!"unknown kind of note");
}
} // namespace

Session::Wait Session::wait(const std::function<bool()>& done, Deadline deadline) {
  last_wait_ = Wait::done;
  while (!done()) {
    if (ended_ || host_disk_failed_) return last_wait_ = Wait::gone;
    auto event = machine_.next_event(deadline);
    if (std::holds_alternative<machine::TimedOut>(event)) return last_wait_ = Wait::deadline;
    std::visit([this](const auto& happened) { take(happened); }, event);
    // A flood of events must not hide that the time is over.
    if (deadline.passed() && !done()) return last_wait_ = ended_ ? Wait::gone : Wait::deadline;
  }
  return last_wait_;
}

std::optional<guest::Answer> Session::answer_to(const std::string& line, Clock::duration patience) {
  answer_.reset();
  refusal_.clear();
  log_.add("ask", {{"text", printable(line)}});
  machine_.send(line);
  last_progress_ = Clock::now();
  auto over = [this] { return answer_ || !refusal_.empty() || tracker_.stage() != asked_in_; };
  asked_in_ = tracker_.stage();
  for (;;) {
    auto seen = last_progress_;
    auto ended = wait(over, Deadline(seen + patience));
    if (ended == Wait::deadline && last_progress_ != seen) continue; // it did something meanwhile
    return answer_;
  }
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
  for (const auto& line : splitter_.feed(output.bytes)) follow(line);
}

void Session::follow(const std::string& line) {
  log_.add("console", {{"line", printable(line)}});
  auto text = console::without_timestamp(line);
  repeats_ = text == previous_ ? repeats_ + 1 : 0;
  previous_ = text;
  floods_ |= repeats_ >= k_flood;
  recent_.push_back(printable(line));
  if (recent_.size() > 2 * k_recent_lines) recent_.erase(recent_.begin(), recent_.end() - k_recent_lines);
  for (const auto& note : tracker_.feed(line)) {
    log_.add("note", {{"kind", word_of(note.kind)}, {"stage", console::to_string(note.stage)}, {"line", note.line}});
  }
}

void Session::take(const machine::AgentLine& line) {
  log_.add("agent", {{"text", printable(line.text)}});
  auto message = asker_.feed(line.text);
  if (!message) return;
  if (auto* hello = std::get_if<guest::Hello>(&*message))
    (hello->role == protocol::role::capture ? capture_hello_ : system_hello_) = *hello;
  else if (std::holds_alternative<guest::Progress>(*message))
    last_progress_ = Clock::now();
  else if (auto* answer = std::get_if<guest::Answer>(&*message))
    answer_ = *answer;
  else if (auto* refusal = std::get_if<guest::Refusal>(&*message))
    refusal_ = refusal->sentence.empty() ? "the agent refused without a reason" : printable(refusal->sentence);
  else if (auto* trouble = std::get_if<guest::Trouble>(&*message))
    agent_trouble_ = printable(trouble->text);
}

void Session::take(const machine::StateChange& change) {
  log_.add("state", {{"name", change.name}, {"reason", change.reason}});
  if (change.name == "SHUTDOWN" && shutdown_reason_.empty()) shutdown_reason_ = change.reason;
  if (change.name == "BLOCK_IO_ERROR") host_disk_failed_ = true;
}

void Session::take(const machine::Ended& ended) {
  log_.add("exit", {{"status", to_string(ended.status)}, {"words", ended.words}});
  ended_ = ended;
}

} // namespace kdt::run
