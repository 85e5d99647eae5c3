#pragma once

#include "model/result.hpp"
#include "report/table.hpp"

#include <string>
#include <vector>

namespace kdt::report {

/// One experiment, which may have been repeated: cells "…", "…#2", "…#3".
struct Experiment {
  std::string name{}; ///< the id of its first cell, perhaps without the kernel
  std::vector<const CellResult*> cells{};
};

/// One thing in which two experiments differ.
struct Change {
  std::string what{}; ///< verdict, reservation, mapping, page tables, protection, boot, save
  std::string before{};
  std::string after{};
  bool slower = false; ///< a time that became longer
};

/// What pairs of experiments took, for the medians over all of them: a time counts where both were measured.
class PairTimes {
public:
  void add(const Experiment& before, const Experiment& after);
  /// "Median boot 0.84 s (base) against 0.86 s (series), save 0.71 s against 0.94 s"; empty when nothing was measured.
  std::string text(const std::string& before, const std::string& after) const;

private:
  struct Times {
    std::vector<double> before{};
    std::vector<double> after{};
  };
  Times times_[2]{}; ///< boot, save
};

/// A time counts as another only when it is half as long again, and differs by a second.
inline constexpr double k_noise_factor = 1.5;
inline constexpr double k_noise_seconds = 1.0;
/// The same in words, for people.
std::string noise_text();

/// The id without "#2" and, if asked for, without "kernel=NAME".
std::string experiment_name(const CellResult& cell, bool with_kernel);

/// The run's experiments in its order. kernel: only cells of this kernel, named without it; empty: all of them.
std::vector<Experiment> experiments_of(const RunResult& run, const std::string& kernel = {});

/// In which they differ: verdict, reservation, mapping, page tables, protection, time to boot and time to save. Medians
/// of what was repeated. A verdict's reason that names another process number is the same.
std::vector<Change> changes(const Experiment& before, const Experiment& after);

/// A row for each change, under the experiment's name, and the medians below.
Table changes_table(const std::string& title, const std::string& before, const std::string& after,
                    const std::vector<std::pair<std::string, std::vector<Change>>>& changed, std::size_t same,
                    const PairTimes& times);

/// Whether the kernel that a run's cells name so has DMA zones: "true", "false", or "" where that is not known.
std::string zone_dma_of(const RunResult& run, const std::string& kernel);

/// What the user's own kernels change: each is held against the first one before it that has the same zone_dma, else
/// against the very first. Empty with fewer than two of them.
std::vector<Table> kernel_differences(const RunResult& run);

/// These tables for a terminal and as a section of summary.md; empty when there are none.
std::string kernel_differences_text(const RunResult& run);
std::string kernel_differences_markdown(const RunResult& run);

} // namespace kdt::report
