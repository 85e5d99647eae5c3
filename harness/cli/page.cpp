#include "cli/page.hpp"

#include "console/line_class.hpp"

namespace kdt::cli {

void write_page(const RunResult& run, const fs::path& file, report::PageOptions options) {
  for (const auto& each : console::line_classes())
    options.signs.push_back({.name = std::string(each.name),
                             .blame = each.blame,
                             .meaning = std::string(each.meaning),
                             .cause = std::string(each.cause)});
  std::error_code error;
  options.linked = fs::equivalent(fs::absolute(file).parent_path(), fs::absolute(options.directory), error);
  report::write_report_html(run, file, options);
}

} // namespace kdt::cli
