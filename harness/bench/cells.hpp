#pragma once

#include "bench/results.hpp"
#include "image/images.hpp"

#include <filesystem>
#include <string>

namespace kdt::bench {

/// What whole cells are measured with.
struct Workbench {
  std::filesystem::path repository;
  std::filesystem::path program; ///< kdt
  image::KernelImage kernel;
  int rounds = 3;
};

/// The bare script and kdt in turns on the same guest, so that both share the machine's moods; where kdt forks cells,
/// sets of them cold, forked and by the bare script in turns, too.
void measure_cells(const Workbench& bench, Results& results);

/// The save phase of a large guest, with the settings of the first trial and with kdt's, in turns.
void measure_save(const Workbench& bench, const std::string& memory, Results& results);

/// Cells an hour against -j, in turns.
void measure_jobs(const Workbench& bench, Results& results);

/// One cell of each size of memory, by phase.
void measure_memory(const Workbench& bench, Results& results);

/// What settings of the guest and of makedumpfile cost, by bare cells in turns.
void measure_settings(const Workbench& bench, Results& results);

/// The initcalls of both kernels of a bare cell, once.
void measure_initcalls(const Workbench& bench, Results& results);

} // namespace kdt::bench
