#include "run/event_log.hpp"

#include "base/file.hpp"
#include "base/units.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fcntl.h>

namespace kdt::run {

namespace {
constexpr ByteSize k_console_limit = ByteSize::mib(32); // a whole cycle at loglevel 8 is 40 KB
constexpr ByteSize k_events_limit = ByteSize::mib(64);
constexpr std::string_view k_cut = "\n[kdt: the console is not kept beyond this point]\n";
} // namespace

EventLog::EventLog(const std::filesystem::path& directory)
    : events_(open_file(directory / "events.jsonl", O_WRONLY | O_CREAT | O_TRUNC)),
      console_(open_file(directory / "console.log", O_WRONLY | O_CREAT | O_TRUNC)),
      events_name_((directory / "events.jsonl").string()), console_name_((directory / "console.log").string()) {}

void EventLog::add(std::string_view type, const nlohmann::ordered_json& members) {
  if (events_cut_) return;
  nlohmann::ordered_json event{{"t", std::round(now().count() * 1e6) / 1e6}, {"type", type}};
  if (events_bytes_ > k_events_limit.bytes) {
    events_cut_ = true;
    event["type"] = "cut";
  } else {
    event.update(members);
  }
  auto line = event.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  events_bytes_ += line.size();
  write_all(events_.get(), line, events_name_);
}

void EventLog::console(std::string_view bytes) {
  if (console_cut_) return;
  if (console_bytes_ + bytes.size() > k_console_limit.bytes) {
    bytes = bytes.substr(0, k_console_limit.bytes - console_bytes_);
    console_cut_ = true;
  }
  console_bytes_ += bytes.size();
  write_all(console_.get(), bytes, console_name_);
  if (console_cut_) write_all(console_.get(), k_cut, console_name_);
}

void EventLog::continue_after(std::string_view events, std::string_view console_bytes, Seconds age) {
  write_all(events_.get(), events, events_name_);
  events_bytes_ += events.size();
  console(console_bytes);
  begin_ = Clock::now() - std::chrono::duration_cast<Clock::duration>(age);
}

std::string console_if_whole(const std::filesystem::path& file) {
  auto console = read_file(file);
  return console.ends_with(k_cut) ? std::string() : console;
}

} // namespace kdt::run
