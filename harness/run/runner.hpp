#pragma once

#include "image/images.hpp"
#include "run/cell_runner.hpp"
#include "run/host_memory.hpp"

#include <filesystem>
#include <stop_token>
#include <vector>

namespace kdt::run {

/// What the user asked for.
struct RunOptions {
  std::filesystem::path directory{};         ///< the run directory; made if it is not there
  std::vector<std::string> kernel_options{}; ///< of RunResult
  std::vector<std::string> own_kernels{};    ///< of RunResult
  std::string matrix{};                      ///< as given on the command line
  std::optional<Shard> shard{};              ///< of RunResult
  unsigned jobs = 1;
  int repeat = 1;         ///< each cell so often
  int retry_infra = 0;    ///< a cell with verdict error is run again, at most so often
  bool templates = false; ///< cells that share a boot are forks of one guest, where the backend can do that
  bool fail_fast = false; ///< stop at the first unexpected verdict
  double timeout_scale = 1;
  Keep keep = Keep::failed;
  std::vector<CellResult> finished{}; ///< of an earlier run that is resumed: these cells do not run again
  std::filesystem::path learnt{};     ///< where time and memory that cells took are kept; empty: nowhere
};

/// How far a run has come.
struct RunProgress {
  std::size_t done = 0;  ///< cells, those of a resumed run included
  std::size_t total = 0; ///< cells of the run when it is done
  Seconds left{0};       ///< expected
};

/// Told what happens, from the thread it happens in; implementations lock.
class RunObserver {
public:
  virtual ~RunObserver() = default;
  virtual void cell_started(const Cell& cell, const RunProgress& progress) = 0;
  virtual void phase_started(const Cell& cell, Phase phase) = 0;
  virtual void cell_ended(const CellResult& result, const RunProgress& progress) = 0;
  /// Something that does not change any verdict and that the user should know.
  virtual void warned(const std::string& sentence) = 0;
};

/// A cell and the rules of the matrix that it came from; the rules outlive the run.
struct PlannedCell {
  Cell cell;
  const Expectations* expectations = nullptr;
};

/// Where machines come from and what they are.
struct Backend {
  machine::MachineFactory make_machine;
  machine::Accelerator accelerator = machine::Accelerator::tcg;
  std::string emulator_version;
  bool can_fork = false;     ///< its machines freeze and wake
  std::string name = "qemu"; ///< as --backend says it
  machine::Describe describe = machine::describe_qemu;
  /// What all guests together may occupy now, those that run included.
  std::function<ByteSize()> memory = [] { return host_memory_budget() + memory_of_children(); };
  std::optional<ByteSize> largest{}; ///< what one guest may occupy; nullopt: as this host has it
  /// How many hosts of guests went away so far: a cell that was an error meanwhile runs once more, elsewhere.
  std::function<int()> hosts_lost = [] { return 0; };
};

/// Runs the cells, as many at once as processors, memory and disk of the host allow, while the kernels that are missing
/// are still being built. A cell that the host can never hold is skipped. The journal and each
/// cell.json are written as cells end, run.json's content is returned. When stop is requested, guests end, unfinished
/// cells leave nothing behind, and the result holds what finished.
RunResult run_cells(const std::vector<PlannedCell>& cells, image::Images& images, const Backend& backend,
                    const RunOptions& options, RunObserver& observer, std::stop_token stop);

} // namespace kdt::run
