#pragma once

#include "base/error.hpp"
#include "report/run_json.hpp"

#include <algorithm>
#include <string>

namespace kdt::report {

/// A cell of testdata/failures, and what was done to it.
struct RecordedFailure {
  const char* name;
  const char* id; ///< of the cell
  Verdict verdict;
  Blame blame;
  Phase phase;
};

inline constexpr RecordedFailure k_recorded_failures[] = {
    {"NoCrashKernelParameter", "crashkernel=none", Verdict::error, Blame::usage, Phase::boot},
    {"NothingLoaded", "loader=none", Verdict::error, Blame::usage, Phase::load},
    {"CrashRegionTooSmall", "crashkernel=1M", Verdict::fail, Blame::kernel, Phase::load},
    {"SystemKernelWithoutInit", "cmdline=rdinit=/nonexistent+init=/nonexistent", Verdict::fail, Blame::kernel,
     Phase::boot},
    {"SystemKernelNeverReachesTheAgent", "cmdline=rdinit=/bin/busybox+--+sleep+100000", Verdict::fail, Blame::kernel,
     Phase::boot},
    {"SystemAgentHasNoPort", "cmdline=kdt.noport", Verdict::fail, Blame::tool, Phase::boot},
    {"PanicIsNotOnTheConsole", "cmdline=loglevel=0", Verdict::fail, Blame::kernel, Phase::trigger},
    {"CaptureKernelWithoutInit", "capture_cmdline=rdinit=/nonexistent+init=/nonexistent", Verdict::fail, Blame::kernel,
     Phase::capture},
    {"CaptureKernelNeverReachesTheAgent", "capture_cmdline=rdinit=/bin/busybox+--+sleep+100000", Verdict::fail,
     Blame::kernel, Phase::capture},
    {"CaptureKernelIsSilent", "capture_cmdline=loglevel=0+rdinit=/bin/busybox+--+sleep+100000", Verdict::fail,
     Blame::kernel, Phase::capture},
    {"RuleThatDoesNotHold", "loader=kexec_file_load", Verdict::fail, Blame::kernel, Phase::probe},
    {"CompressionThatTheToolLacks", "dump.compression=zstd", Verdict::fail, Blame::tool, Phase::save},
    {"EmulatorKilled", "cmdline=e2e.cell=boot", Verdict::error, Blame::infra, Phase::boot},
};

inline RunResult recorded_failures() {
  return read_run_json(fs::path(KDT_TESTDATA) / "failures" / "run.json");
}

inline const CellResult& cell_of(const RunResult& run, const RecordedFailure& failure) {
  auto it = std::ranges::find_if(run.cells, [&](const CellResult& cell) { return cell.cell.id == failure.id; });
  KDT_ASSERT(it != run.cells.end());
  return *it;
}

} // namespace kdt::report
