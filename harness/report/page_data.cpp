#include "report/page_data.hpp"

#include "base/text.hpp"
#include "model/json.hpp"
#include "report/cell_text.hpp"
#include "report/console_excerpt.hpp"
#include "report/costs.hpp"
#include "report/figures.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace kdt::report {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t k_post_mortem = 16 << 10;

/// The texts of rules come back in every cell: they are kept once.
class Rules {
public:
  std::size_t index_of(const Json& expected) {
    Json rule{expected["rule"], expected["because"], expected["source"]};
    auto [it, fresh] = indices_.emplace(rule.dump(), list_.size());
    if (fresh) list_.push_back(std::move(rule));
    return it->second;
  }
  Json take() { return std::move(list_); }

private:
  Json list_ = Json::array();
  std::map<std::string, std::size_t> indices_;
};

Json figures_json(const CellResult& cell) {
  Json values = Json::array();
  for (const auto& figure : figures()) {
    auto value = figure.of(cell);
    values.push_back(value ? Json(*value) : Json(nullptr));
  }
  return values;
}

/// What every view of the page needs of a cell.
Json brief(const CellResult& cell) {
  Json json{{"verdict", to_string(cell.verdict)},
            {"blame", cell.blame ? Json(to_string(*cell.blame)) : Json(nullptr)},
            {"reason", reason(cell)},
            {"seconds", std::round(cell.seconds.count() * 1000) / 1000},
            {"memory", cell.cell.parameters.memory.bytes},
            {"figures", figures_json(cell)}};
  if (const auto* finding = cause(cell)) {
    json["code"] = one_line(finding->code);
    json["phase"] = to_string(finding->phase);
  }
  return json;
}

/// Values of axes in the matrix's words, where they are others: an id writes '+' for blanks.
Json matrix_words(const Json& whole) {
  Json words = Json::object();
  const auto& parameters = whole["parameters"];
  for (const auto& [axis, value] : whole["axes"].items()) {
    auto parameter = parameters.find(axis);
    if (parameter == parameters.end() || !parameter->is_string()) continue;
    auto text = parameter->get<std::string>();
    auto joined = text;
    std::ranges::replace(joined, ' ', '+');
    if (text != joined && value == joined) words[axis] = text;
  }
  return words;
}

/// The files that a reader may open: cell.json, too, but none in which there is nothing; those are named apart.
void note_files(Json& json, const fs::path& directory) {
  auto empty = Json::array();
  std::error_code error;
  for (const auto& [name, file] : json["artifacts"].items())
    if (auto size = fs::file_size(directory / file.get<std::string>(), error); !error && size == 0)
      empty.push_back(name);
  for (const auto& name : empty) json["artifacts"].erase(name.get<std::string>());
  if (fs::is_regular_file(directory / "cell.json", error)) json["artifacts"]["result"] = "cell.json";
  json["empty"] = std::move(empty);
}

std::string post_mortem_of(const CellResult& cell, const PageOptions& options) {
  if (options.directory.empty()) return "";
  auto file = options.directory / "cells" / cell.cell.slug / "post-mortem" / "summary.txt";
  return fs::is_regular_file(file) ? printable(read_file(file).substr(0, k_post_mortem)) : "";
}

/// The whole cell.json, its rules by number, and what lies beside it.
std::string detail(const Json& whole, const CellResult& cell, Rules& rules, const PageOptions& options) {
  auto json = whole;
  for (auto& expected : json["expected"])
    expected = Json{expected["observation"], expected["expected"], expected["observed"], expected["held"],
                    rules.index_of(expected)};
  for (const char* known : {"schema", "id", "slug", "verdict", "blame", "axes", "seconds"}) json.erase(known);
  json["post_mortem"] = post_mortem_of(cell, options);
  if (!options.directory.empty()) note_files(json, options.directory / "cells" / cell.cell.slug);
  return json.dump();
}

std::string console_json(const ConsoleExcerpt& console) {
  Json lines = Json::array();
  for (const auto& line : console.lines) {
    Json json{std::round(line.time * 1000) / 1000, line.left_out > 0 ? Json(line.left_out) : Json(line.text)};
    if (!line.stage.empty() || !line.trouble.empty()) json.push_back(line.stage);
    if (!line.trouble.empty()) json.push_back(line.trouble);
    lines.push_back(std::move(json));
  }
  Json phases = Json::array();
  for (const auto& phase : console.phases) phases.push_back(Json{phase.name, phase.time});
  return Json{{"phases", phases}, {"lines", lines}}.dump();
}

/// Red cells first, then those that are not simply good, then the others, as long as there is room.
std::vector<std::string> consoles_of(const RunResult& run, const PageOptions& options) {
  std::vector<std::string> consoles(run.cells.size());
  if (options.directory.empty()) return consoles;
  auto rank = [&](std::size_t i) {
    auto verdict = run.cells[i].verdict;
    return !expected(verdict) ? 0 : verdict != Verdict::pass ? 1 : 2;
  };
  std::vector<std::size_t> order(run.cells.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, {}, rank);
  std::size_t used = 0;
  for (auto i : order) {
    if (used >= options.console_bytes) break;
    auto console = read_console(options.directory / "cells" / run.cells[i].cell.slug);
    if (!console) continue;
    auto text = console_json(shortened(std::move(*console)));
    if (used + text.size() > options.console_bytes) continue;
    used += text.size();
    consoles[i] = std::move(text);
  }
  return consoles;
}

Json explanations(const PageOptions& options) {
  Json codes = Json::object();
  for (const auto& code : finding_codes())
    codes[std::string(code.code)] = {{"blame", to_string(code.blame)},
                                     {"phase", to_string(code.phase)},
                                     {"meaning", code.meaning},
                                     {"causes", code.causes},
                                     {"next", code.next}};
  Json signs = Json::object();
  for (const auto& sign : options.signs)
    signs[sign.name] = {{"blame", to_string(sign.blame)}, {"meaning", sign.meaning}, {"causes", sign.cause}};
  return {{"codes", codes}, {"signs", signs}};
}

Json run_json_of(const RunResult& run) {
  auto json = to_json(run);
  json.erase("cells");
  json["name"] = one_line(matrix_name(run));
  json["wall"] = wall_time_text(run);
  return json;
}

Json baseline_json(const RunResult& run) {
  Json cells = Json::object();
  for (const auto& cell : run.cells) cells[one_line(cell.cell.id)] = brief(cell);
  return {{"run", run_json_of(run)}, {"cells", cells}};
}

Json figure_list() {
  Json list = Json::array();
  for (const auto& figure : figures())
    list.push_back(
        {{"title", figure.title}, {"note", figure.note}, {"unit", word_of(figure.unit)}, {"matters", figure.matters}});
  return list;
}

Json protection_json(const RunResult& run) {
  auto table = protection_table(run);
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json cells = Json::array({one_line(row.group)});
    for (const auto& cell : row.cells) cells.push_back(one_line(cell));
    rows.push_back(std::move(cells));
  }
  Json columns = Json::array({"kernel"});
  for (const auto& column : table.columns) columns.push_back(column);
  return {{"title", table.title}, {"note", table.note}, {"columns", columns}, {"rows", rows}};
}

Json words(const auto& list) {
  Json json = Json::array();
  for (auto each : list) json.push_back(to_string(each));
  return json;
}

} // namespace

PageData page_data(const RunResult& run, const PageOptions& options) {
  PageData data;
  data.consoles = consoles_of(run, options);
  Rules rules;
  Json cells = Json::array();
  for (std::size_t i = 0; i < run.cells.size(); ++i) {
    const auto& cell = run.cells[i];
    auto whole = to_json(cell);
    auto json = brief(cell);
    for (const char* member : {"id", "slug", "axes", "known_issue"}) json[member] = whole[member];
    if (auto words = matrix_words(whole); !words.empty()) json["words"] = std::move(words);
    json["again"] = again_command(run, cell);
    json["console"] = !data.consoles[i].empty();
    cells.push_back(std::move(json));
    data.cells.push_back(detail(whole, cell, rules, options));
  }
  data.overview = {{"run", run_json_of(run)},
                   {"verdicts", words(k_verdicts)},
                   {"phases", words(k_phases)},
                   {"figures", figure_list()},
                   {"explain", explanations(options)},
                   {"rules", rules.take()},
                   {"linked", options.linked},
                   {"protection", protection_json(run)},
                   {"cells", std::move(cells)},
                   {"baseline", options.baseline != nullptr ? baseline_json(*options.baseline) : Json(nullptr)}};
  return data;
}

} // namespace kdt::report
