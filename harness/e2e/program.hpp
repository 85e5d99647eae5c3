#pragma once

#include "base/child.hpp"
#include "base/deadline.hpp"
#include "e2e/place.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kdt::e2e {

/// How kdt ended and what it said.
struct Outcome {
  ExitStatus status;
  std::string out{};
  std::string err{};
  Seconds seconds{0};
};

/// kdt as a user starts it: the built program in a process of its own. The destructor ends it with SIGKILL.
class Program {
public:
  /// Starts it in the place; environment is set on top of ours and the place's. in: its standard input; -1: none.
  Program(const Place& place, const std::vector<std::string>& arguments,
          const std::map<std::string, std::string>& environment = {}, int in = -1);

  int pid() const { return child_.pid(); }
  /// To kdt alone, not to its guests.
  void signal(int number) const;
  bool ended() const { return status_.has_value(); }
  /// What it said so far.
  std::string out() const;
  std::string err() const;
  /// Waits until done() holds; false when kdt ended without that, or at the deadline. done() is asked every few
  /// milliseconds: what the tests wait for are files and processes.
  bool wait_until(const std::function<bool()>& done, Deadline deadline);
  /// Waits for its end. A kdt that has not ended at the deadline is a failure of the test, and is ended.
  Outcome finish(Deadline deadline);

private:
  Command command(const Place& place, const std::vector<std::string>& arguments,
                  const std::map<std::string, std::string>& environment) const;

  Clock::time_point begin_ = Clock::now();
  boost::asio::io_context context_;
  TempDir streams_; ///< its stdout and stderr
  UniqueFd out_;
  UniqueFd err_;
  std::optional<ExitStatus> status_;
  Child child_;
};

/// Runs kdt to its end. The default deadline is for what starts no guest.
Outcome run_kdt(const Place& place, const std::vector<std::string>& arguments,
                Clock::duration budget = std::chrono::minutes(1),
                const std::map<std::string, std::string>& environment = {});

/// Waits until done() holds, asking every few milliseconds; false at the deadline.
bool eventually(const std::function<bool()>& done, Deadline deadline);

/// The most that a run of a few small cells takes on a busy machine.
inline constexpr std::chrono::minutes k_run_budget{10};
/// The same of building two kernels.
inline constexpr std::chrono::minutes k_build_budget{60};

/// The processes whose parent is this one and that run the emulator, with their command lines.
std::map<int, std::string> emulators_of(int pid);

} // namespace kdt::e2e
