#pragma once

#include "base/error.hpp"
#include "base/file.hpp"
#include "model/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace kdt::report {

/// A sign of trouble in what a guest prints, as `kdt explain` tells it; the report knows no consoles, so it is told.
struct Sign {
  std::string name{};
  Blame blame = Blame::kernel;
  std::string meaning{};
  std::string cause{};
};

/// What report.html shows beside the run itself.
struct PageOptions {
  fs::path directory{};                ///< the run directory, for consoles and post-mortems; empty: without them
  bool linked = false;                 ///< the page will lie in that directory: it links to the files of the cells
  const RunResult* baseline = nullptr; ///< an earlier run to compare with
  std::vector<Sign> signs{};
  std::size_t console_bytes = 12 << 20; ///< consoles together; those of red cells come first
};

/// What the page's script reads, in pieces, so that a page of many cells is there at once: what all cells have in
/// common, and what only the page of one cell shows.
struct PageData {
  nlohmann::ordered_json overview;
  std::vector<std::string> cells;    ///< JSON, in the order of overview's cells
  std::vector<std::string> consoles; ///< JSON; "": not in the page
};

/// Throws Error{infra} when a console cannot be read.
PageData page_data(const RunResult& run, const PageOptions& options);

} // namespace kdt::report
