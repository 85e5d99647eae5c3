#include "report/junit.hpp"

#include "base/text.hpp"
#include "report/cell_text.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <sstream>

namespace kdt::report {

namespace {

/// What XML 1.0 can hold: printable() leaves only U+FFFE and U+FFFF to take out (XML 1.0, 2.2 Characters).
std::string xml_text(std::string_view bytes) {
  auto text = printable(bytes);
  for (std::string_view noncharacter : {"\xef\xbf\xbe", "\xef\xbf\xbf"})
    for (auto at = text.find(noncharacter); at != std::string::npos; at = text.find(noncharacter, at))
      text.replace(at, noncharacter.size(), "?");
  return text;
}

void attribute(pugi::xml_node& node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}
void attribute(pugi::xml_node& node, const char* name, int value) {
  node.append_attribute(name).set_value(value);
}
void attribute(pugi::xml_node& node, const char* name, Seconds value) {
  attribute(node, name, fmt::format("{:.3f}", value.count()));
}
void body(pugi::xml_node& node, std::string_view text) {
  node.append_child(pugi::node_pcdata).set_value(xml_text(text).c_str());
}

void properties(pugi::xml_node& parent, const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (pairs.empty()) return;
  auto list = parent.append_child("properties");
  for (const auto& [name, value] : pairs) {
    auto property = list.append_child("property");
    attribute(property, "name", name);
    attribute(property, "value", value);
  }
}

/// Every finding with its evidence: what one wants to read in a CI system without opening the run directory.
std::string findings_text(const CellResult& cell) {
  std::string text;
  for (const auto& finding : cell.findings) {
    text += fmt::format("{} (blame {}, phase {}): {}\n", finding.code, to_string(finding.blame),
                        to_string(finding.phase), finding.text);
    for (const auto& line : finding.evidence) text += fmt::format("  | {}\n", line);
  }
  return text;
}

std::string output_text(const RunResult& run, const CellResult& cell) {
  std::string text;
  for (const auto& phase : cell.phases)
    text += fmt::format("{:<8} {:>9.3f} s  {}{}\n", to_string(phase.phase), phase.seconds.count(), phase.outcome,
                        phase.of_template ? ", by its template" : "");
  if (cell.fork) text += fmt::format("fork of {}\n", cell.fork->of);
  if (!cell.not_forked.empty()) text += fmt::format("booted instead of forked: {}\n", cell.not_forked);
  return text + fmt::format("again: {}\n", again_command(run, cell));
}

void verdict_node(pugi::xml_node& testcase, const CellResult& cell) {
  if (cell.verdict == Verdict::pass) return;
  if (cell.verdict == Verdict::xfail || cell.verdict == Verdict::skip) {
    auto node = testcase.append_child("skipped");
    auto why =
        cell.verdict == Verdict::xfail ? fmt::format("xfail: {}: {}", cell.known_issue, reason(cell)) : reason(cell);
    attribute(node, "message", why);
    return;
  }
  auto node = testcase.append_child(cell.verdict == Verdict::error ? "error" : "failure");
  const auto* finding = cause(cell);
  attribute(node, "type", cell.verdict == Verdict::xpass ? "xpass" : finding != nullptr ? finding->code : "unknown");
  attribute(node, "message", reason(cell));
  body(node, findings_text(cell));
}

void testcase_node(pugi::xml_node& suite, const RunResult& run, const CellResult& cell) {
  auto node = suite.append_child("testcase");
  attribute(node, "classname", fmt::format("{}.{}", matrix_name(run), cell.cell.parameters.kernel));
  attribute(node, "name", cell.cell.id);
  attribute(node, "time", cell.seconds);
  verdict_node(node, cell);
  auto output = node.append_child("system-out");
  body(output, output_text(run, cell));
}

/// The root has no "skipped", and a test case no properties: the schema of Jenkins' xUnit plugin refuses both.
void counts(pugi::xml_node& node, const RunResult& run, bool root) {
  auto by_verdict = totals(run.cells);
  attribute(node, "tests", static_cast<int>(run.cells.size()));
  attribute(node, "failures", by_verdict[Verdict::fail] + by_verdict[Verdict::xpass]);
  attribute(node, "errors", by_verdict[Verdict::error]);
  if (!root) attribute(node, "skipped", by_verdict[Verdict::skip] + by_verdict[Verdict::xfail]);
  attribute(node, "time", wall_time(run));
}

} // namespace

std::string junit(const RunResult& run) {
  pugi::xml_document document;
  auto declaration = document.append_child(pugi::node_declaration);
  attribute(declaration, "version", "1.0");
  attribute(declaration, "encoding", "UTF-8");
  auto suites = document.append_child("testsuites");
  attribute(suites, "name", "kdt");
  counts(suites, run, true);
  auto suite = suites.append_child("testsuite");
  attribute(suite, "name", matrix_name(run));
  counts(suite, run, false);
  if (!run.started.empty()) attribute(suite, "timestamp", run.started);
  std::vector<std::pair<std::string, std::string>> about{{"run_id", run.run_id}, {"matrix", run.matrix}};
  for (const auto& [name, value] : run.host) about.emplace_back("host." + name, value);
  properties(suite, about);
  for (const auto& cell : run.cells) testcase_node(suite, run, cell);
  std::ostringstream text;
  document.save(text, " ", pugi::format_indent, pugi::encoding_utf8);
  return text.str();
}

void write_junit(const RunResult& run, const fs::path& file) {
  write_file_atomic(file, junit(run));
}

} // namespace kdt::report
