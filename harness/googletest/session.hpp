#pragma once

#include "cli/backend.hpp"
#include "cli/command.hpp"
#include "cli/kernel_options.hpp"
#include "cli/plan.hpp"
#include "cli/terminal.hpp"
#include "run/runner.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kdt::googletest {

/// What the user asked for, besides what GoogleTest itself takes.
struct Arguments {
  std::vector<std::string> matrices{};
  cli::SelectionOptions selection{};
  cli::KernelOptions kernels{};
  std::string out{};
  std::string keep = "failed";
  cli::BackendOptions backend{};
  run::RunOptions options{};

  void add_to(CLI::App& app);
};

/// One run, whose cells run one by one as GoogleTest asks for them. Nothing is checked, made or written before the
/// first.
class Session {
public:
  /// Reads the matrices. Throws Error{usage}. The context outlives it.
  Session(Arguments arguments, const cli::Context& context);

  const std::vector<run::PlannedCell>& cells() const { return plan_.cells; }
  /// The name of the matrix, and its file as it was given.
  std::string name() const;
  const std::string& file() const { return arguments_.matrices.front(); }

  /// Runs a cell; a second time (--gtest_repeat) under an id that ends in "#2". nullopt: the user asked to stop.
  std::optional<CellResult> run(const run::PlannedCell& planned);
  /// Writes the reports of what ran, if anything did.
  void finish();

private:
  void begin();

  Arguments arguments_;
  const cli::Context& context_;
  cli::Terminal terminal_{0}; ///< tells of images that are built
  image::Images images_;
  cli::Plan plan_;
  std::optional<run::Backend> backend_; ///< when the first cell has begun
  std::map<std::string, int> times_;    ///< that a cell ran
  RunResult run_;
};

} // namespace kdt::googletest
