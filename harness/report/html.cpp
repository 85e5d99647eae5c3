#include "report/html.hpp"

#include "base/sha256.hpp"
#include "report/cell_text.hpp"
#include "report/page_template.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kdt::report {

namespace {

std::string island(std::string_view id, std::string_view json) {
  return fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", id, island_text(json));
}

std::string islands(const RunResult& run, const PageOptions& options) {
  auto data = page_data(run, options);
  auto text = island("kdt-overview", data.overview.dump());
  for (std::size_t i = 0; i < data.cells.size(); ++i) {
    text += island(fmt::format("kdt-cell-{}", i), data.cells[i]);
    if (!data.consoles[i].empty()) text += island(fmt::format("kdt-console-{}", i), data.consoles[i]);
  }
  return text;
}

std::string html_text(std::string_view text) {
  std::string escaped;
  for (char c : one_line(text)) escaped += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return escaped;
}

} // namespace

std::string island_text(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '<') {
      text += "\\u003c";
    } else if (json.substr(i, 2) == "\xe2\x80" &&
               (json.substr(i + 2, 1) == "\xa8" || json.substr(i + 2, 1) == "\xa9")) {
      text += json[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      text += json[i];
    }
  }
  return text;
}

std::string report_html(const RunResult& run, const PageOptions& options) {
  std::string page(k_page_html);
  auto put = [&, from = std::size_t{0}](std::string_view mark, const std::string& text) mutable {
    auto at = page.find(mark, from);
    KDT_ASSERT(at != std::string::npos);
    page.replace(at, mark.size(), text);
    from = at + text.size(); // what was put in is not looked at again
  };
  put("{{script-hash}}", sha256_base64(k_page_script));
  put("{{title}}", html_text(fmt::format("{}: {}", matrix_name(run), totals_text(run.cells))));
  put("{{style}}", std::string(k_page_style));
  put("{{data}}", islands(run, options));
  put("{{script}}", std::string(k_page_script));
  return page;
}

void write_report_html(const RunResult& run, const fs::path& file, const PageOptions& options) {
  write_file_atomic(file, report_html(run, options));
}

} // namespace kdt::report
