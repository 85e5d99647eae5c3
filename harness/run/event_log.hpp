#pragma once

#include "base/deadline.hpp"
#include "base/unique_fd.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace kdt::run {

/// Writes a cell's events.jsonl and console.log: everything that a verdict rests on, so that the cell can be judged
/// again without a guest. A console that floods is cut at a limit, and the cut is noted.
class EventLog {
public:
  /// Throws Error{infra} when the directory cannot be written to.
  explicit EventLog(const std::filesystem::path& directory);

  /// {"t": seconds since the log began, "type": type, …members}.
  void add(std::string_view type, const nlohmann::ordered_json& members);
  /// Raw console bytes.
  void console(std::string_view bytes);

  /// Begins with what another log holds, whose last event was at this time, as if this one had been there.
  void continue_after(std::string_view events, std::string_view console, Seconds age);

  /// Goes on as if so much less time had passed.
  void leave_out(Seconds idle) { begin_ += std::chrono::duration_cast<Clock::duration>(idle); }

  bool console_cut() const { return console_cut_; }
  Seconds now() const { return Clock::now() - begin_; }

private:
  Clock::time_point begin_ = Clock::now();
  UniqueFd events_;
  UniqueFd console_;
  std::string events_name_;
  std::string console_name_;
  std::uint64_t events_bytes_ = 0;
  std::uint64_t console_bytes_ = 0;
  bool console_cut_ = false;
  bool events_cut_ = false;
};

/// The console.log of a cell; empty when it was cut: what is missing then accuses nobody.
std::string console_if_whole(const std::filesystem::path& file);

} // namespace kdt::run
