#pragma once

#include "report/html.hpp"

namespace kdt::cli {

/// Writes report.html with what `kdt explain` knows in it, and with links to the files of the cells when the page lies
/// in the run directory. Throws Error{infra}.
void write_page(const RunResult& run, const fs::path& file, report::PageOptions options);

} // namespace kdt::cli
