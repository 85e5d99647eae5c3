#pragma once

#include "report/page_data.hpp"

#include <string>
#include <string_view>

namespace kdt::report {

/// report.html: one file that needs nothing else. What it shows lies in it as JSON that no browser takes for markup,
/// and its script puts all of it on the page as text; its policy allows no other script and no network. Throws
/// Error{infra} when a console cannot be read.
std::string report_html(const RunResult& run, const PageOptions& options = {});

/// The same into a file, written at once. Throws Error{infra}.
void write_report_html(const RunResult& run, const fs::path& file, const PageOptions& options = {});

/// JSON as it may stand in an HTML script element: '<' and the line separators that are none of JSON's are escaped.
std::string island_text(std::string_view json);

} // namespace kdt::report
