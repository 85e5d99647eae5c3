#pragma once

#include "cli/backend.hpp"
#include "cli/cell_place.hpp"
#include "cli/command.hpp"
#include "image/images.hpp"
#include "run/runner.hpp"

#include <optional>
#include <string>

namespace kdt::cli {

/// How one cell is run again.
struct AgainOptions {
  bool console = false; ///< attach the terminal
  std::optional<unsigned> gdb_port{};
  bool nokaslr = false; ///< one more word for the system kernel: the cell is not quite the same then
  std::optional<Phase> stop_after{};
  run::Keep keep = run::Keep::failed;
  std::string directory; ///< the run directory to make
  BackendOptions backend{};
};

/// Runs the cell again, tells its story on stdout, and returns the exit status of that one-cell run. Throws Error, and
/// Interrupted; then nothing is left behind.
int run_again(const CellPlace& place, const AgainOptions& options, const Context& context);

} // namespace kdt::cli
