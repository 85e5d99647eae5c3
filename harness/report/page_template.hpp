#pragma once

#include <string_view>

namespace kdt::report {

/// The files of reports/template, which CMake puts into the program (harness/report/CMakeLists.txt). The script is
/// those of the folder one after the other.
extern const std::string_view k_page_html;
extern const std::string_view k_page_style;
extern const std::string_view k_page_script;

} // namespace kdt::report
