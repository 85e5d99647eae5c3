#include "e2e/run_directory.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace kdt::e2e {

using nlohmann::ordered_json;

RunResult read_run(const fs::path& run_directory) {
  return run_from_json(ordered_json::parse(read_file(run_directory / "run.json")));
}

const CellResult& cell_with(const RunResult& run, std::string_view text) {
  const CellResult* found = nullptr;
  for (const auto& cell : run.cells) {
    if (cell.cell.id.find(text) == std::string::npos) continue;
    if (found != nullptr) throw Error(Blame::usage, "two cells hold '{}' in their ids", text);
    found = &cell;
  }
  if (found == nullptr) throw Error(Blame::usage, "no cell holds '{}' in its id:\n{}", text, findings_text(run));
  return *found;
}

std::vector<std::string> journal_cells(const fs::path& run_directory) {
  std::vector<std::string> ids;
  std::error_code ignored;
  if (!fs::exists(run_directory / "journal.jsonl", ignored)) return ids;
  for (const auto& line : split(read_file(run_directory / "journal.jsonl"), '\n')) {
    auto json = ordered_json::parse(line, nullptr, false);
    if (json.is_object() && json.value("type", "") == "cell") ids.push_back(json["cell"]["id"].get<std::string>());
  }
  return ids;
}

std::vector<std::string> cell_directories(const fs::path& run_directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run_directory / "cells", ignored))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::string findings_text(const RunResult& run) {
  std::string text;
  for (const auto& cell : run.cells) {
    text += fmt::format("{} {} ({:.1f} s)\n", to_string(cell.verdict), cell.cell.id, cell.seconds.count());
    for (const auto& finding : cell.findings)
      text += fmt::format("  {} {} {}: {}\n", finding.code, to_string(finding.blame), to_string(finding.phase),
                          finding.text);
  }
  return text;
}

void EventReader::read_on() {
  std::ifstream stream(file_, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset_));
  std::string added{std::istreambuf_iterator<char>(stream), {}};
  offset_ += added.size();
  rest_ += added;
  auto lines = split(rest_, '\n');
  rest_ = lines.back();
  lines.pop_back();
  for (const auto& line : lines) take(line);
}

void EventReader::take(const std::string& line) {
  auto event = ordered_json::parse(line, nullptr, false);
  if (!event.is_object()) return;
  auto type = event.value("type", "");
  if (type == "phase" && event.value("what", "") == "begin") {
    phase_ = event.value("phase", "");
    asks_.clear();
  } else if (type == "ask") {
    asks_.push_back(event.value("text", ""));
  }
}

const std::string& EventReader::phase() {
  read_on();
  return phase_;
}

bool EventReader::asked(std::string_view ask) {
  read_on();
  auto word = fmt::format("\"ask\":\"{}\"", ask);
  return std::ranges::any_of(asks_, [&](const auto& text) { return text.find(word) != std::string::npos; });
}

bool in_phase(const fs::path& run_directory, Phase phase) {
  for (const auto& cell : cell_directories(run_directory))
    if (EventReader(run_directory / "cells" / cell).phase() == to_string(phase)) return true;
  return false;
}

} // namespace kdt::e2e
