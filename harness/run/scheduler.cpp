#include "run/scheduler.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace kdt::run {

Scheduler::Scheduler(std::vector<Job> jobs, unsigned slots, std::function<Room()> room)
    : waiting_(std::move(jobs)), slots_(std::max(1U, slots)), room_(std::move(room)) {
  for (auto& job : waiting_) job.need.slots = std::clamp(job.need.slots, 1U, slots_);
  std::ranges::stable_sort(waiting_, std::ranges::greater(), [](const Job& job) { return job.need.seconds; });
}

bool Scheduler::fits(const Need& need, const Room& room) const {
  return used_.slots + need.slots <= slots_ && used_.memory + need.memory <= room.memory &&
         used_.disk + need.disk <= room.disk;
}

std::optional<Turn> Scheduler::take() {
  auto ready = [this](const Job& job) { return std::ranges::find(ready_, job.kernel) != ready_.end(); };
  auto first = std::ranges::find_if(waiting_, ready);
  if (first == waiting_.end()) return std::nullopt;
  auto room = room_();
  auto it = std::find_if(first, waiting_.end(), [&](const Job& job) { return ready(job) && fits(job.need, room); });
  bool found = it != waiting_.end();
  if (!found) {
    if (running_ > 0 || !settled_) return std::nullopt;
    it = first;
  }
  Turn turn{.job = std::move(*it), .fits = found, .room = room};
  waiting_.erase(it);
  const auto& need = turn.job.need;
  used_.slots += need.slots;
  used_.memory = used_.memory + need.memory;
  used_.disk = used_.disk + need.disk;
  ++running_;
  return turn;
}

std::optional<Turn> Scheduler::next(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  std::optional<Turn> turn;
  changed_.wait(lock, stop, [&] { return waiting_.empty() || (turn = take()).has_value(); });
  return turn;
}

void Scheduler::done(const Job& job) {
  std::scoped_lock lock(mutex_);
  KDT_ASSERT(running_ > 0);
  --running_;
  used_.slots -= job.need.slots;
  used_.memory = used_.memory - job.need.memory;
  used_.disk = used_.disk - job.need.disk;
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
