#include "run/scheduler.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace kdt::run {

Scheduler::Scheduler(std::vector<Job> jobs, unsigned slots, std::function<Room()> room)
    : waiting_(std::move(jobs)), slots_(std::max(1U, slots)), room_(std::move(room)) {
  for (auto& job : waiting_) job.need.slots = std::clamp(job.need.slots, 1U, slots_);
  std::ranges::stable_sort(waiting_, std::ranges::greater(), [](const Job& job) { return job.need.seconds; });
}

bool Scheduler::has_slots(const Need& need) const {
  return used_.slots + awaited_slots_ + need.slots <= slots_;
}

bool Scheduler::fits(const Need& need, const Room& room) const {
  return used_.memory + need.memory <= room.memory && used_.disk + need.disk <= room.disk;
}

void Scheduler::take_slots(const Job& job) {
  used_.slots += job.need.slots;
  with_slots_.insert(job.index);
}

void Scheduler::free_slots(const Job& job) {
  if (with_slots_.erase(job.index) > 0) used_.slots -= job.need.slots;
}

Scheduler::Group Scheduler::state_of(const Job& job) const {
  auto it = job.group ? groups_.find(*job.group) : groups_.end();
  return it != groups_.end() ? it->second : job.group ? Group::none : Group::never;
}

bool Scheduler::is_ready(const Job& job) const {
  return std::ranges::find(ready_, job.kernel) != ready_.end() && state_of(job) != Group::in_making;
}

/// With the template that it makes first.
Need Scheduler::need_of(const Job& job) const {
  auto need = job.need;
  if (state_of(job) == Group::none) need.memory = need.memory + job.cold_memory;
  return need;
}

std::optional<Turn> Scheduler::take() {
  auto ready = [this](const Job& job) { return is_ready(job); };
  auto first = std::ranges::find_if(waiting_, ready);
  if (first == waiting_.end()) return std::nullopt;
  auto room = room_();
  auto has_room = [&](const Job& job) { return ready(job) && fits(need_of(job), room); };
  auto is_fork = [&](const Job& job) { return state_of(job) == Group::made && has_room(job); };
  auto can_start = [&](const Job& job) { return has_slots(job.need) && has_room(job); };
  auto it = std::find_if(first, waiting_.end(), can_start);
  if (it != waiting_.end() && state_of(*it) == Group::none) { // templates that are there take memory: use them up first
    auto fork_starts = [&](const Job& job) { return has_slots(job.need) && is_fork(job); };
    if (auto fork = std::find_if(first, waiting_.end(), fork_starts); fork != waiting_.end()) it = fork;
  }
  bool starts = it != waiting_.end();
  if (!starts && !ahead_) it = std::find_if(first, waiting_.end(), is_fork);
  bool found = it != waiting_.end();
  if (!found) {
    if (running_ > 0 || !settled_) return std::nullopt;
    it = first;
  }
  auto group = state_of(*it);
  Turn turn{.job = std::move(*it), .fits = found, .room = room, .makes_template = found && group == Group::none};
  waiting_.erase(it);
  if (!found && group == Group::none) { // no room for a template, but perhaps for the cell
    give_up_template(*turn.job.group);
    turn.job.need.memory = std::max(turn.job.need.memory, turn.job.cold_memory);
    turn.fits = fits(turn.job.need, room);
  }
  const auto& need = turn.job.need;
  if (found && !starts) {
    ahead_ = turn.job.index;
    awaited_slots_ += need.slots;
  } else {
    take_slots(turn.job);
  }
  used_.memory = used_.memory + need.memory;
  used_.disk = used_.disk + need.disk;
  ++running_;
  if (turn.makes_template) {
    groups_[*turn.job.group] = Group::in_making;
    count_template(turn.job);
  }
  return turn;
}

/// While a template is made nobody knows yet whether its RAM file is in memory or on disk, and it is still growing.
void Scheduler::count_template(const Job& job) {
  used_.memory = used_.memory + job.cold_memory;
  used_.disk = used_.disk + job.cold_memory;
}

void Scheduler::forget_template(const Job& job) {
  used_.memory = used_.memory - job.cold_memory;
  used_.disk = used_.disk - job.cold_memory;
}

/// All that still wait for it boot.
void Scheduler::give_up_template(std::size_t group) {
  groups_[group] = Group::never;
  for (auto& job : waiting_)
    if (job.group == group) job.need.memory = std::max(job.need.memory, job.cold_memory);
}

void Scheduler::template_settled(const Turn& turn, bool made) {
  KDT_ASSERT(turn.makes_template);
  std::scoped_lock lock(mutex_);
  forget_template(turn.job); // a RAM file that stays is no longer among what the host has free
  if (made)
    groups_[*turn.job.group] = Group::made;
  else
    give_up_template(*turn.job.group);
  changed_.notify_all();
}

std::optional<Turn> Scheduler::next(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  std::optional<Turn> turn;
  changed_.wait(lock, stop, [&] { return waiting_.empty() || (turn = take()).has_value(); });
  return turn;
}

bool Scheduler::begin_guest(const Job& job, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (with_slots_.contains(job.index)) return true;
  if (ahead_ != job.index) awaited_slots_ += job.need.slots; // it had a guest before this one
  bool free = changed_.wait(lock, stop, [&] { return used_.slots + job.need.slots <= slots_; });
  awaited_slots_ -= job.need.slots;
  if (ahead_ == job.index) ahead_.reset();
  if (free) take_slots(job);
  changed_.notify_all();
  return free;
}

void Scheduler::end_guest(const Job& job) {
  std::scoped_lock lock(mutex_);
  free_slots(job);
  changed_.notify_all();
}

void Scheduler::done(const Job& job) {
  std::scoped_lock lock(mutex_);
  KDT_ASSERT(running_ > 0);
  --running_;
  free_slots(job);
  if (ahead_ == job.index) { // it ended before its guest came to run
    ahead_.reset();
    awaited_slots_ -= job.need.slots;
  }
  used_.memory = used_.memory - job.need.memory;
  used_.disk = used_.disk - job.need.disk;
  if (state_of(job) == Group::in_making) { // it ended before it came to that: somebody else makes it
    groups_.erase(*job.group);
    forget_template(job);
  }
  changed_.notify_all();
}

void Scheduler::kernel_ready(const std::string& kernel) {
  std::scoped_lock lock(mutex_);
  ready_.push_back(kernel);
  changed_.notify_all();
}

std::vector<Job> Scheduler::kernel_failed(const std::string& kernel) {
  std::scoped_lock lock(mutex_);
  std::vector<Job> failed;
  std::ranges::copy_if(waiting_, std::back_inserter(failed), [&](const Job& job) { return job.kernel == kernel; });
  std::erase_if(waiting_, [&](const Job& job) { return job.kernel == kernel; });
  changed_.notify_all();
  return failed;
}

void Scheduler::kernels_settled() {
  std::scoped_lock lock(mutex_);
  settled_ = true;
  changed_.notify_all();
}

double Scheduler::seconds_waiting() const {
  std::scoped_lock lock(mutex_);
  double all = 0;
  double longest = 0;
  for (const auto& job : waiting_) {
    all += job.need.seconds * job.need.slots;
    longest = std::max(longest, job.need.seconds);
  }
  return std::max(all / slots_, longest);
}

} // namespace kdt::run
