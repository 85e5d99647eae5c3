#include "run/scheduler.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

#include <algorithm>
#include <charconv>

namespace kdt::run {

Scheduler::Scheduler(std::vector<Job> jobs, ByteSize memory_budget)
    : waiting_(std::move(jobs)), budget_(memory_budget), used_{} {
  std::ranges::stable_sort(waiting_, std::ranges::greater(), &Job::seconds);
}

std::optional<Job> Scheduler::take_fitting() {
  auto fits = [this](const Job& job) {
    bool ready = std::ranges::find(ready_, job.kernel) != ready_.end();
    return ready && (running_ == 0 || used_ + job.memory <= budget_);
  };
  auto it = std::ranges::find_if(waiting_, fits);
  if (it == waiting_.end()) return std::nullopt;
  Job job = std::move(*it);
  waiting_.erase(it);
  used_ = used_ + job.memory;
  ++running_;
  return job;
}

std::optional<Job> Scheduler::next(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  std::optional<Job> job;
  changed_.wait(lock, stop, [&] { return waiting_.empty() || (job = take_fitting()).has_value(); });
  if (stop.stop_requested() && !job) return std::nullopt;
  return job;
}

void Scheduler::done(const Job& job) {
  std::scoped_lock lock(mutex_);
  KDT_ASSERT(running_ > 0);
  --running_;
  used_ = used_ - job.memory;
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

ByteSize resident_estimate(ByteSize guest_memory) {
  return {ByteSize::mib(250).bytes + guest_memory.bytes / 50};
}

ByteSize host_memory_budget() {
  auto text = read_file("/proc/meminfo");
  constexpr std::string_view label = "MemAvailable:";
  auto at = text.find(label);
  if (at == std::string::npos) throw Error(Blame::infra, "/proc/meminfo has no MemAvailable");
  auto digits = text.find_first_of("0123456789", at);
  std::uint64_t kib = 0;
  std::from_chars(text.data() + digits, text.data() + text.size(), kib);
  return {ByteSize::kib(kib).bytes / 10 * 8};
}

} // namespace kdt::run
