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
  std::string known_issue{}; ///< the known issue that made it xfail or xpass; empty: none
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
  std::vector<CellResult> cells{};
};

/// How many cells have each verdict, in the order of k_verdicts.
std::map<Verdict, int> totals(const std::vector<CellResult>& cells);

/// The run's exit status by design.md section 3: 0, 1 (fail, xpass), 2 (an error of the user's: his
/// kernel does not build), 3 (only infra errors).
int exit_status(const std::vector<CellResult>& cells);

} // namespace kdt
