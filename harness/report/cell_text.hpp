#pragma once

#include "model/result.hpp"

#include <string>
#include <string_view>

namespace kdt::report {

using kdt::cause;

/// Why the cell has its verdict, in one sentence on one line; never empty for a cell that did not pass.
std::string reason(const CellResult& cell);

/// The matrix without its folders and its .yaml.
std::string matrix_name(const RunResult& run);

/// What a person types to run this one cell again: the very same, where the run's directory holds its recipe.json.
std::string again_command(const RunResult& run, const CellResult& cell);

/// What a merged run lacks, in a line: "not there: shard 2 of 4; 3 cells of other shards: a, b, c"; "": nothing.
std::string missing_text(const RunResult& run);

/// "12 cells are forks of 2 templates; 1 cell was booted instead of forked: REASON"; "": every cell booted, and nobody
/// expected else.
std::string forks_text(const RunResult& run);

/// "3 pass, 1 fail", without the verdicts that no cell has; "no cells" for none.
std::string totals_text(const std::vector<CellResult>& cells);

/// The time between the run's start and end; the sum of the cells' own when one of the two is not known.
Seconds wall_time(const RunResult& run);

/// "0.25 s", "25.3 s", "3 min 20 s", "1 h 12 min".
std::string duration_text(Seconds seconds);

/// The same without fractions, for times that are known to the second only: "25 s", "3 min 20 s".
std::string whole_duration_text(Seconds seconds);

/// wall_time() with the precision that the run's times have: kdt writes whole seconds.
std::string wall_time_text(const RunResult& run);

/// printable() on one line: newlines and tabs become spaces.
std::string one_line(std::string_view bytes);

/// one_line() of text that Markdown takes literally, in a table cell too.
std::string markdown_literal(std::string_view bytes);

} // namespace kdt::report
