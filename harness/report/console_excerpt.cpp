#include "report/console_excerpt.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace kdt::report {

namespace {

using Json = nlohmann::json;

std::string text(const Json& event, const char* member) {
  auto it = event.find(member);
  return it != event.end() && it->is_string() ? it->get<std::string>() : "";
}

/// A note tells of the line before it, or of one just before that: the tracker may join lines.
void annotate(std::vector<ConsoleExcerpt::Line>& lines, const Json& note) {
  auto about = text(note, "line");
  constexpr std::size_t k_near = 8;
  for (std::size_t back = 1; back <= std::min(k_near, lines.size()); ++back) {
    auto& line = lines[lines.size() - back];
    if (!line.text.ends_with(about)) continue;
    if (text(note, "kind") == "stage") line.stage = text(note, "stage");
    if (auto trouble = text(note, "trouble"); !trouble.empty()) line.trouble = trouble;
    return;
  }
}

/// A capture kernel's agent says hello and nobody saw a panic: the banner since the system kernel's agent was that
/// kernel's, though it looked like a reboot.
void correct(std::vector<ConsoleExcerpt::Line>& lines, const Json& note) {
  if (text(note, "kind") != "marker" || text(note, "stage") != "capture_kernel") return;
  auto tells = [](const ConsoleExcerpt::Line& line) {
    return !line.stage.empty() || line.text.starts_with("kdt-agent: hello system");
  };
  auto last = std::ranges::find_if(lines.rbegin(), lines.rend(), tells);
  if (last != lines.rend() && last->stage == "system_kernel") last->stage = "capture_kernel";
}

void take(ConsoleExcerpt& console, const Json& event) {
  auto when = event.find("t");
  if (when == event.end() || !when->is_number()) return; // no event of kdt's
  auto type = text(event, "type");
  auto time = when->get<double>();
  if (type == "console")
    console.lines.push_back({.time = time, .text = printable(text(event, "line"))});
  else if (type == "note" && text(event, "kind") == "marker")
    correct(console.lines, event);
  else if (type == "note")
    annotate(console.lines, event);
  else if (type == "phase" && text(event, "what") == "begin")
    console.phases.push_back({text(event, "phase"), time});
}

/// Most events are answers of the agent, which need not be parsed.
bool concerns_us(const std::string& line) {
  auto begin = std::string_view(line).substr(0, 64);
  return std::ranges::any_of(std::to_array<std::string_view>({"\"console\"", "\"note\"", "\"phase\""}),
                             [&](auto word) { return begin.find(word) != std::string_view::npos; });
}

/// Cut between two characters of UTF-8.
void cut(std::string& text, std::size_t to) {
  if (text.size() <= to) return;
  while (to > 0 && (static_cast<unsigned char>(text[to]) & 0xc0) == 0x80) --to;
  text.resize(to);
  text += "…";
}

} // namespace

std::optional<ConsoleExcerpt> read_console(const fs::path& cell_directory) {
  auto file = cell_directory / "events.jsonl";
  if (!fs::is_regular_file(file)) return std::nullopt;
  std::ifstream stream(file);
  if (!stream) throw Error(Blame::infra, "cannot read {}", file.string());
  ConsoleExcerpt console;
  for (std::string line; std::getline(stream, line);) {
    if (!concerns_us(line)) continue;
    auto event = Json::parse(line, nullptr, false);
    if (event.is_object()) take(console, event);
  }
  return console;
}

ConsoleExcerpt shortened(ConsoleExcerpt console, const ExcerptLimits& limits) {
  auto& lines = console.lines;
  auto count = lines.size();
  std::vector<bool> kept(count, false);
  auto keep = [&](std::size_t from, std::size_t to) {
    for (auto i = from; i < std::min(to, count); ++i) kept[i] = true;
  };
  keep(0, limits.head);
  keep(count - std::min(limits.tail, count), count);
  for (std::size_t i = 0; i < count; ++i)
    if (!lines[i].stage.empty() || (!lines[i].trouble.empty() && i > 0 && lines[i].trouble != lines[i - 1].trouble))
      keep(i - std::min(i, limits.around), i + limits.around + 1);
  ConsoleExcerpt excerpt{.phases = std::move(console.phases)};
  for (std::size_t i = 0; i < count; ++i) {
    if (kept[i]) {
      cut(lines[i].text, limits.columns);
      excerpt.lines.push_back(std::move(lines[i]));
    } else if (i > 0 && !kept[i - 1]) {
      ++excerpt.lines.back().left_out;
    } else {
      excerpt.lines.push_back({.time = lines[i].time, .left_out = 1});
    }
  }
  return excerpt;
}

} // namespace kdt::report
