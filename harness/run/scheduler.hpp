#pragma once

#include "base/units.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace kdt::run {

/// What a cell takes of the host.
struct Need {
  friend bool operator==(const Need&, const Need&) = default;
  unsigned slots = 1; ///< of the processors
  ByteSize memory{};  ///< what its guest will really occupy
  ByteSize disk{};    ///< room for its dump
  double seconds = 0; ///< expected duration: longest first
};

/// One cell as the scheduler sees it.
struct Job {
  friend bool operator==(const Job&, const Job&) = default;
  std::size_t index = 0; ///< the caller's number for it
  std::string kernel{};  ///< it can run once this kernel is there
  Need need{};
  std::optional<std::size_t> group{}; ///< of cells that are forks of one template; nullopt: it runs cold
  ByteSize cold_memory{};             ///< of a grouped one: what it, or the group's template, takes when it boots
};

/// What all guests together may take at the moment, with what those that run occupy already.
struct Room {
  ByteSize memory;
  ByteSize disk;
};

/// A job whose turn it is.
struct Turn {
  Job job;
  bool fits = true; ///< else nothing of ours runs or is being built, and still the host has too little free for it
  Room room{};      ///< what there was then
  bool makes_template =
      false; ///< of its group, first of all; nobody else of the group has a turn before that is settled
};

/// Hands out jobs to worker threads: only those whose kernel is ready, longest first, as long as slots, memory and disk
/// for them are free; and rather a fork of a template that is there than one that needs a new one. It asks for the room
/// each time, so that whatever else the host does counts.
///
/// A slot is taken while a guest runs, not while a cell does: who verifies a dump holds none, and one fork at a time is
/// handed out while all are taken, to be started until its guest is awake and idles. So there is work for one thread
/// more than there are slots.
class Scheduler {
public:
  Scheduler(std::vector<Job> jobs, unsigned slots, std::function<Room()> room);

  /// Waits for a job that may start; nullopt when none is left to hand out, or stop was requested.
  std::optional<Turn> next(std::stop_token stop);
  /// Waits until the guest of a job that was handed out may run; at once if it has its slots. False when stop was
  /// requested.
  bool begin_guest(const Job& job, std::stop_token stop);
  /// The job goes on, without a guest: its slots are free again.
  void end_guest(const Job& job);
  /// The template that this turn was to make is there, or never will be: what it took while it was made is free again.
  void template_settled(const Turn& turn, bool made);
  /// The job has ended: what it took is free again.
  void done(const Job& job);
  void kernel_ready(const std::string& kernel);
  /// Takes the jobs of a kernel that cannot be had out of the queue and returns them.
  std::vector<Job> kernel_failed(const std::string& kernel);
  /// No kernel is being built any more: whatever does not fit now waits for nobody.
  void kernels_settled();
  /// How long the jobs that wait will take with all slots at work, by what they are expected to take.
  double seconds_waiting() const;

private:
  enum class Group { none, in_making, made, never };
  Group state_of(const Job& job) const;
  bool is_ready(const Job& job) const;
  Need need_of(const Job& job) const;
  std::optional<Turn> take();
  void count_template(const Job& job);
  void forget_template(const Job& job);
  void give_up_template(std::size_t group);
  bool has_slots(const Need& need) const;
  bool fits(const Need& need, const Room& room) const;
  void take_slots(const Job& job);
  void free_slots(const Job& job);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Job> waiting_;
  std::vector<std::string> ready_;
  std::map<std::size_t, Group> groups_;
  unsigned slots_;
  std::function<Room()> room_;
  Need used_{.slots = 0};
  std::set<std::size_t> with_slots_;   ///< indices of the jobs whose guests run
  std::optional<std::size_t> ahead_{}; ///< index of the job that was handed out while all slots were taken
  unsigned awaited_slots_ = 0;         ///< by jobs that were handed out; the next that are free are theirs
  std::size_t running_ = 0;
  bool settled_ = false;
};

} // namespace kdt::run
