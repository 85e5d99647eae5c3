#pragma once

#include "base/deadline.hpp"
#include "model/cell.hpp"
#include "model/finding.hpp"
#include "model/value.hpp"
#include "model/verdict.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kdt {

/// How a phase ended. outcome: done, failed, skipped.
struct PhaseResult {
  Phase phase = Phase::prepare;
  Seconds seconds{0};
  std::string outcome{};
  bool of_template = false; ///< a template went through it, and the cell's guest is a fork of that
};

/// That a cell's guest did not boot: it went on where a template had frozen, and has from it all that was observed up
/// to then.
struct Fork {
  std::string of{}; ///< the template's name: RUN/templates/<name>/ has its logs
  Phase after = Phase::probe;
};

/// One expectation held against one observation.
struct Expected {
  std::string observation{};             ///< probe.segments
  std::string expected{};                ///< as the rule says it
  std::optional<std::string> observed{}; ///< nullopt: nobody saw it
  bool held = false;
  std::string rule{}; ///< the rule's id, or file:line
  std::string because{};
  std::string source{};
};

/// Everything a cell left behind; cell.json is this.
struct CellResult {
  Cell cell{};
  std::string fingerprint{}; ///< sha256 over everything resolved: kernel build id, initramfs, QEMU version, parameters
  Facts facts{};
  Facts observed{};
  Verdict verdict = Verdict::error;
  std::optional<Blame> blame{}; ///< of the first finding that made it red
  std::vector<PhaseResult> phases{};
  std::vector<Expected> expectations{};
  std::vector<Finding> findings{};
  std::map<std::string, std::string> artifacts{}; ///< name → path relative to the cell directory
  std::string backend = "qemu";
  std::string accelerator{}; ///< kvm or tcg
  int attempts = 1;
  Seconds seconds{0};
  std::optional<Fork> fork{}; ///< nullopt: the guest booted
  std::string not_forked{};   ///< why it booted though it should have been a fork; empty: it should not, or was one
  std::string known_issue{};  ///< the known issue that made it xfail or xpass; empty: none
};

/// Which part of a matrix a run with --shard was.
struct Shard {
  unsigned index = 1; ///< from 1
  unsigned count = 1;
  std::string cut{}; ///< the same for all shards that share one matrix out: sha256 over every cell and its shard
  std::vector<std::pair<std::string, std::size_t>> cells{}; ///< ids of this shard and their places in the whole matrix
};

/// What `kdt merge` put together.
struct Merged {
  unsigned shards = 0;                      ///< that there should be
  std::vector<unsigned> missing_shards{};   ///< that were not there
  std::vector<std::string> missing_cells{}; ///< that a shard which was there should have run, and did not
};

/// What changed since an earlier run, by names of experiments (a cell with all its repeats).
struct Since {
  std::string run_id{}; ///< the baseline
  std::string started{};
  std::vector<std::string> newly_broken{}; ///< fail or xpass now, and not before
  std::vector<std::string> still_broken{}; ///< fail or xpass now and before, or error now and before
  std::vector<std::string> not_judged{};   ///< error now, and not before: nothing was learnt about the kernel
  std::vector<std::string> fixed{};        ///< fail, xpass or error before, and as expected now
  std::vector<std::string> fresh{};        ///< not in the baseline
  std::vector<std::string> gone{};         ///< in the baseline only
};

/// A whole run; run.json is this.
struct RunResult {
  std::string run_id{};
  std::string matrix{};
  std::vector<std::string> kernel_options{}; ///< the words by which the user named kernels of his own: --kernel, a=PATH
  std::vector<std::string> own_kernels{};    ///< their names, in that order
  std::map<std::string, std::string> host{}; ///< kernel, cpus, memory, qemu, kdt
  std::string started{};                     ///< RFC 3339, UTC
  std::string finished{};                    ///< empty while running
  int exit_status = 0;
  std::optional<Shard> shard{};
  std::optional<Merged> merged{};
  std::optional<Since> since{}; ///< without a baseline: nullopt
  std::vector<CellResult> cells{};
  std::string directory{}; ///< where it lies, as the user named it; not in run.json, which may be moved; empty: unknown
};

/// The finding that a report names first: the first one with the cell's blame, else the first one; nullptr: none.
const Finding* cause(const CellResult& cell);

/// How many cells have each verdict, in the order of k_verdicts.
std::map<Verdict, int> totals(const std::vector<CellResult>& cells);

/// The run's exit status by design.md section 3: 0, 1 (fail, xpass), 2 (an error of the user's: his
/// kernel does not build), 3 (only infra errors).
int exit_status(const std::vector<CellResult>& cells);
/// The same of a whole run: cells that a merged one lacks count as errors.
int exit_status(const RunResult& run);

} // namespace kdt
