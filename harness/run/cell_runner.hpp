#pragma once

#include "image/images.hpp"
#include "machine/machine.hpp"
#include "matrix/judge.hpp"
#include "matrix/triggers.hpp"
#include "model/result.hpp"
#include "vmcore/verify.hpp"

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace kdt::run {

/// Which large artifacts (vmcores, memory dumps) outlive their cell. Logs always do.
enum class Keep { all, failed, none };

/// What the cells of one matrix are judged by.
struct Expectations {
  matrix::Rules rules;
  std::vector<matrix::KnownIssue> known_issues;
  matrix::Triggers triggers{}; ///< their rules are among `rules`
  matrix::Date day = matrix::today();
};

/// The facts of a cell: derived, and completed by the rules.
Facts cell_facts(const Cell& cell, const Facts& kernel_facts, const Expectations& expectations);

/// Fills in expectations, verdict and blame, and adds the judge's findings.
void judge_cell(const Expectations& expectations, CellResult& result);

/// How a vmcore is verified: vmcore::verify, or what a test puts in its place.
using Verify =
    std::function<vmcore::Report(const vmcore::Subject&, const vmcore::Expectation&, Deadline, std::stop_token)>;
vmcore::Report verify_in_child(const vmcore::Subject& subject, const vmcore::Expectation& expectation,
                               Deadline deadline, std::stop_token stop);

/// What a cell needs besides itself. References outlive the cell.
struct CellContext {
  const image::KernelImage& kernel;
  const Expectations& expectations;
  machine::MachineFactory make_machine;
  machine::Accelerator accelerator = machine::Accelerator::tcg;
  std::string emulator_version;       ///< goes into the fingerprint
  std::filesystem::path directory;    ///< the cell's own; exists
  std::filesystem::path ssh_client{}; ///< a tree that holds one, for a cell whose dump goes by ssh
  double timeout_scale = 1;
  Keep keep = Keep::failed;
  std::stop_token stop;
  Verify verify = verify_in_child;
  std::function<void(Phase)> on_phase; ///< called as each phase begins
};

/// Runs one cell from prepare to verify and judges it. What goes wrong is in the result; only Interrupted is thrown.
CellResult run_cell(const Cell& cell, const CellContext& context);

/// sha256 over everything that decides what the cell does: kernel build id, initramfs, emulator, every parameter.
std::string fingerprint(const Cell& cell, const image::KernelImage& kernel, const std::string& emulator_version);

} // namespace kdt::run
