#pragma once

#include "image/images.hpp"
#include "machine/qemu_argv.hpp"
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

/// The files that hold rules.
struct RuleFiles {
  std::vector<std::filesystem::path> expectations{};
  std::vector<std::filesystem::path> known_issues{};
  std::filesystem::path triggers{};
};

/// What the cells of one matrix are judged by.
struct Expectations {
  matrix::Rules rules;
  std::vector<matrix::KnownIssue> known_issues;
  matrix::Triggers triggers{}; ///< their rules are among `rules`
  matrix::Date day = matrix::today();
  RuleFiles files{}; ///< where all of it came from, absolute; kept for whoever runs a cell again
};

/// Reads them. Throws Error{usage} with file:line:column.
Expectations read_expectations(const RuleFiles& files);

/// The facts of a cell: derived, and completed by the rules.
Facts cell_facts(const Cell& cell, const Facts& kernel_facts, const Expectations& expectations);

/// Fills in expectations, verdict and blame, and adds the judge's findings.
void judge_cell(const Expectations& expectations, CellResult& result);

/// How a vmcore is verified: vmcore::verify, or what a test puts in its place.
using Verify =
    std::function<vmcore::Report(const vmcore::Subject&, const vmcore::Expectation&, Deadline, std::stop_token)>;
vmcore::Report verify_in_child(const vmcore::Subject& subject, const vmcore::Expectation& expectation,
                               Deadline deadline, std::stop_token stop);

struct Template;

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
  std::function<void(Phase)> on_phase{}; ///< called as each phase begins
  /// Returns when the guest may work; throws Interrupted. Called once it is there: a fork is awake, one that boots has
  /// not started. How long it takes is not part of the cell's time.
  std::function<void()> guest_begins = [] {};
  std::function<void()> guest_ended = [] {}; ///< called when the guest is not needed any more and the cell goes on
  std::string matrix{};                      ///< for recipe.json: as given on the command line
  std::vector<std::string> kernel_options{}; ///< for recipe.json, see Recipe
  /// After this phase the guest is not asked any more: it gets a shell on its console, until it ends. What the cell
  /// would have shown is not known then.
  std::optional<Phase> stop_after{};
  const Template* fork_of = nullptr;      ///< the guest is a fork of that; nullptr: it boots
  std::string not_forked{};               ///< why it boots though it should be a fork; goes into the result
  std::filesystem::path ram_file{};       ///< of a guest that becomes a template
  std::function<void()> on_handed_over{}; ///< called when it has the shell
  std::function<void(const std::string&)> tell_debugger{}; ///< what a person at a debugger should know of the kernel
  std::string backend = "qemu";
  machine::Describe describe = machine::describe_qemu;
};

/// Runs one cell from prepare to verify and judges it. What goes wrong is in the result; only Interrupted is thrown. A
/// fork that does not come to life is run again cold, and the result says so.
CellResult run_cell(const Cell& cell, const CellContext& context);

/// sha256 over everything that decides what the cell does: kernel build id, initramfs, emulator, every parameter.
std::string fingerprint(const Cell& cell, const image::KernelImage& kernel, const std::string& emulator_version);

} // namespace kdt::run
