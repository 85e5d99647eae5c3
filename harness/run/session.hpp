#pragma once

#include "base/deadline.hpp"
#include "console/boot_tracker.hpp"
#include "console/line_splitter.hpp"
#include "guest/asker.hpp"
#include "machine/machine.hpp"
#include "model/finding.hpp"
#include "run/event_log.hpp"
#include "run/watch.hpp"

#include <functional>
#include <optional>
#include <string>

namespace kdt::run {

/// A running guest as the phases see it: pumps the machine's events, logs each, follows the console, and matches
/// answers to asks. Everything a wait can end with is data; only host faults of our own are thrown.
class Session {
public:
  /// How much of the dump is on its disk by now.
  using Growth = std::function<ByteSize()>;
  Session(machine::Machine& machine, EventLog& log, Growth growth = {})
      : machine_(machine), log_(log), growth_(std::move(growth)) {}

  /// What a guest said until it froze: its forks were told all of it, too.
  struct Past {
    console::LineSplitter splitter{};
    console::BootTracker tracker{};
    std::vector<std::string> recent{};
    std::optional<protocol::Hello> system_hello{};
    std::optional<protocol::Hello> capture_hello{};
  };
  Past past() const;
  /// Goes on from there; before anything else is done.
  void take_over(const Past& past);

  /// Why a wait ended: what it waited for came, the guest made no progress (stuck()), or it is gone.
  enum class Wait { done, stuck, gone };

  /// Pumps events until done() holds, the guest is gone, or the patience with it is over. done() is asked after every
  /// event. A console that floods is no sign of progress.
  Wait wait(const std::function<bool()>& done, const Patience& patience);

  /// Takes what has happened up to now, and waits for nothing.
  void catch_up();

  /// Sends an ask and waits for its answer; nullopt when it did not come: why_not() and refusal() say why.
  template <class Record>
  std::optional<guest::Answer> ask(std::string_view name, const Record& arguments, const Patience& patience) {
    return answer_to(asker_.ask(name, arguments), patience);
  }

  const console::BootTracker& tracker() const { return tracker_; }
  /// The last hello of the agent in this role.
  const std::optional<protocol::Hello>& hello(std::string_view role) const;
  /// How the last wait ended.
  Wait why_not() const { return last_wait_; }
  /// After Wait::stuck: "for 15 s nothing was said and no CPU moved".
  const std::string& stuck() const { return stuck_; }
  /// The agent has said hello and not answered anything since.
  bool mute() const { return mute_; }
  /// The agent's sentence when it refused the last ask; empty when it did not.
  const std::string& refusal() const { return refusal_; }
  /// The emulator's end; nullopt while it runs.
  const std::optional<machine::Ended>& ended() const { return ended_; }
  /// Reason of the SHUTDOWN event: guest-shutdown, guest-reset, host-signal…; empty when there was none.
  const std::string& shutdown_reason() const { return shutdown_reason_; }
  /// Why a disk of the guest could not be served on our side; empty: it could.
  const std::string& host_disk_failure() const { return host_disk_failure_; }
  /// Nothing more is to be expected of the guest: it ended, or its disk cannot be served.
  bool gone() const { return ended_ || !host_disk_failure_.empty(); }
  /// The console repeats one line without end, or printed more than is kept.
  bool console_floods() const { return !flood_.empty() || log_.console_cut(); }
  /// The line that it repeats, printable; empty when it repeats none.
  const std::string& flood() const { return flood_; }
  /// The agent's own last words before it gave up; empty when it did not.
  const std::string& agent_trouble() const { return agent_trouble_; }

  /// From now on until the capture kernel speaks, keeps what the console shows.
  void listen() { heard_.emplace(); }
  /// That, without time stamps; the first 200 lines.
  std::vector<std::string> heard() const { return heard_.value_or(std::vector<std::string>{}); }
  /// The last console lines, oldest first.
  std::vector<std::string> last_lines() const;

  machine::Machine& machine() { return machine_; }
  EventLog& log() { return log_; }

private:
  void take(const machine::ConsoleOutput& output);
  void take(const machine::AgentLine& line);
  void take(const machine::StateChange& change);
  void take(const machine::Ended& ended);
  void take(const machine::TimedOut&) {}
  std::optional<guest::Answer> answer_to(const std::string& line, const Patience& patience);
  void follow(const std::string& line);
  void look(Watch& watch, Clock::time_point now, Deadline deadline);

  machine::Machine& machine_;
  EventLog& log_;
  Growth growth_;
  ByteSize grown_{};     ///< the dump, when it was last looked at
  std::string progress_; ///< the agent's last words of progress
  bool sign_ = false;    ///< the event just taken was a sign of progress
  std::string stuck_;
  console::LineSplitter splitter_;
  console::BootTracker tracker_;
  std::vector<std::string> recent_;
  std::optional<std::vector<std::string>> heard_; ///< nullopt: nobody listens
  std::string previous_;                          ///< the last line, without its timestamp
  int repeats_ = 0;
  std::string flood_; ///< what the console repeats without end
  guest::Asker asker_;
  std::optional<protocol::Hello> system_hello_;
  std::optional<protocol::Hello> capture_hello_;
  bool mute_ = false; ///< no answer since the last hello
  std::optional<guest::Answer> answer_;
  std::string refusal_;
  std::optional<machine::Ended> ended_;
  std::string shutdown_reason_;
  std::string agent_trouble_;
  std::string host_disk_failure_;
  console::Stage asked_in_ = console::Stage::firmware; ///< an ask ends early when the console leaves this stage
  Wait last_wait_ = Wait::done;
};

} // namespace kdt::run
