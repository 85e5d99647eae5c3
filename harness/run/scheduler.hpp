#pragma once

#include "base/units.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace kdt::run {

/// One cell as the scheduler sees it.
struct Job {
  friend bool operator==(const Job&, const Job&) = default;
  std::size_t index = 0; ///< the caller's number for it
  std::string kernel{};  ///< it can run once this kernel is there
  ByteSize memory{};     ///< what its guest will really occupy on the host
  double seconds = 0;    ///< expected duration: longest first
};

/// Hands out jobs to worker threads: only those whose kernel is ready, longest first, as long as their memory fits. A
/// job that alone is larger than the budget runs when nothing else does.
class Scheduler {
public:
  Scheduler(std::vector<Job> jobs, ByteSize memory_budget);

  /// Waits for a job that may start; nullopt when none is left to hand out, or stop was requested.
  std::optional<Job> next(std::stop_token stop);
  /// The job has ended: its memory is free again.
  void done(const Job& job);
  void kernel_ready(const std::string& kernel);
  /// Takes the jobs of a kernel that cannot be had out of the queue and returns them.
  std::vector<Job> kernel_failed(const std::string& kernel);

private:
  std::optional<Job> take_fitting();

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Job> waiting_;
  std::vector<std::string> ready_;
  ByteSize budget_;
  ByteSize used_;
  std::size_t running_ = 0;
};

/// What a guest of this size occupies: measured 0.23 GB at 4 GiB, 1.46 GB at 64 GiB, 5.2 GB at 256 GiB (struct pages
/// and page tables of the whole guest, and what both kernels touch), and QEMU itself.
ByteSize resident_estimate(ByteSize guest_memory);

/// MemAvailable of /proc/meminfo, less a reserve for kdt and the page cache.
ByteSize host_memory_budget();

} // namespace kdt::run
