#include "report/cell_text.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <set>

namespace kdt::report {

std::string reason(const CellResult& cell) {
  if (cell.verdict == Verdict::xpass)
    return one_line(fmt::format("known issue '{}' did not show: remove its entry", cell.known_issue));
  const auto* finding = cause(cell);
  if (finding != nullptr) return one_line(finding->text);
  return cell.verdict == Verdict::pass ? "" : "no finding says why";
}

std::string matrix_name(const RunResult& run) {
  return std::filesystem::path(run.matrix).stem().string();
}

namespace {
/// Always quoted: an id is a glob to --only, and a shell must not expand it first.
std::string quoted_id(const CellResult& cell) {
  std::string id = "'";
  for (char c : one_line(cell.cell.id)) id += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return id + "'";
}

/// Whether `kdt repro` finds what it needs: not in a run that was merged from run.json files alone, for one.
bool has_recipe(const RunResult& run, const CellResult& cell) {
  if (cell.phases.empty() || run.directory.empty()) return false;
  std::error_code unreadable;
  return std::filesystem::is_regular_file(
      std::filesystem::path(run.directory) / "cells" / cell.cell.slug / "recipe.json", unreadable);
}
} // namespace

std::string again_command(const RunResult& run, const CellResult& cell) {
  if (has_recipe(run, cell))
    return fmt::format("./kdt repro {} --run {}", quoted_id(cell), shell_quoted(one_line(run.directory)));
  std::string kernels;
  for (const auto& word : run.kernel_options) kernels += " " + shell_quoted(one_line(word));
  return fmt::format("./kdt run {}{} --only {} --keep all", shell_quoted(one_line(run.matrix)), kernels,
                     quoted_id(cell));
}

std::string missing_text(const RunResult& run) {
  if (!run.merged) return "";
  constexpr std::size_t k_named = 5;
  std::vector<std::string> parts;
  const auto& shards = run.merged->missing_shards;
  if (!shards.empty())
    parts.push_back(
        fmt::format("shard{} {} of {}", shards.size() == 1 ? "" : "s", fmt::join(shards, ", "), run.merged->shards));
  auto cells = run.merged->missing_cells;
  auto count = cells.size();
  if (count > k_named) cells.resize(k_named);
  for (auto& cell : cells) cell = one_line(cell);
  if (count > 0)
    parts.push_back(fmt::format("{} cell{} of shards that ended early: {}{}", count, count == 1 ? "" : "s",
                                fmt::join(cells, ", "), count > k_named ? ", …" : ""));
  return parts.empty() ? "" : fmt::format("not there: {}", fmt::join(parts, "; "));
}

std::string forks_text(const RunResult& run) {
  std::set<std::string> templates;
  std::size_t forks = 0;
  std::size_t booted = 0;
  std::string why;
  for (const auto& cell : run.cells) {
    if (cell.fork) {
      ++forks;
      templates.insert(cell.fork->of);
    }
    if (cell.not_forked.empty()) continue;
    ++booted;
    if (why.empty()) why = one_line(cell.not_forked);
  }
  std::vector<std::string> parts;
  if (forks > 0)
    parts.push_back(fmt::format("{} cell{} of {} template{}", forks, forks == 1 ? " is a fork" : "s are forks",
                                templates.size(), templates.size() == 1 ? "" : "s"));
  if (booted > 0)
    parts.push_back(
        fmt::format("{} {} booted instead of forked: {}", booted, booted == 1 ? "cell was" : "cells were", why));
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string totals_text(const std::vector<CellResult>& cells) {
  std::vector<std::string> parts;
  auto counts = totals(cells);
  for (auto verdict : k_verdicts)
    if (counts[verdict] > 0) parts.push_back(fmt::format("{} {}", counts[verdict], to_string(verdict)));
  return parts.empty() ? "no cells" : fmt::format("{}", fmt::join(parts, ", "));
}

namespace {
/// Seconds since 1970 of an RFC 3339 time in UTC, with a fraction or without.
std::optional<double> parse_time(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  double fraction = *rest == '.' ? std::strtod(rest, nullptr) : 0;
  return static_cast<double>(::timegm(&parts)) + fraction;
}
} // namespace

Seconds wall_time(const RunResult& run) {
  auto started = parse_time(run.started);
  auto finished = parse_time(run.finished);
  if (started && finished && *finished >= *started) return Seconds(*finished - *started);
  Seconds sum{0};
  for (const auto& cell : run.cells) sum += cell.seconds;
  return sum;
}

std::string duration_text(Seconds seconds) {
  double count = seconds.count();
  if (count < 10) return fmt::format("{:.2f} s", count);
  if (count < 120) return fmt::format("{:.1f} s", count);
  return whole_duration_text(seconds);
}

std::string whole_duration_text(Seconds seconds) {
  auto whole = static_cast<long>(std::lround(seconds.count()));
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string wall_time_text(const RunResult& run) {
  bool known = parse_time(run.started) && parse_time(run.finished);
  auto time = wall_time(run);
  bool whole = known && time.count() == std::floor(time.count());
  return whole ? whole_duration_text(time) : duration_text(time);
}

std::string one_line(std::string_view bytes) {
  auto line = printable(bytes);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

std::string markdown_literal(std::string_view bytes) {
  std::string text;
  for (char c : one_line(bytes)) {
    if (std::string_view("\\`*_{}[]<>#|&~!$@").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

} // namespace kdt::report
