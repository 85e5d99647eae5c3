#include "report/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace kdt::report {

namespace {

constexpr std::size_t k_longest_label = 24;

/// Texts of crashkernel= as labels: long ones are cut, unless two would then look alike.
std::map<std::string, std::string> labels_of(const RunResult& run) {
  std::map<std::string, std::string> labels;
  std::map<std::string, int> uses;
  for (const auto& cell : run.cells) {
    auto text = cell.cell.parameters.crashkernel.value_or("none");
    auto label = text.size() <= k_longest_label ? text : text.substr(0, k_longest_label - 1) + "…";
    if (labels.emplace(text, label).second) ++uses[label];
  }
  for (auto& [text, label] : labels)
    if (uses[label] > 1) label = text;
  return labels;
}

} // namespace

std::vector<Setting> settings_of(const RunResult& run) {
  auto labels = labels_of(run);
  std::vector<Setting> settings;
  for (const auto& cell : run.cells) {
    const auto& parameters = cell.cell.parameters;
    Setting setting{.kernel = parameters.kernel,
                    .rodata = parameters.rodata.value_or("default"),
                    .crashkernel = labels.at(parameters.crashkernel.value_or("none"))};
    auto same = [&](const Setting& other) {
      return other.kernel == setting.kernel && other.rodata == setting.rodata &&
             other.crashkernel == setting.crashkernel;
    };
    auto it = std::ranges::find_if(settings, same);
    if (it == settings.end()) it = settings.insert(settings.end(), std::move(setting));
    it->cells.push_back(&cell);
  }
  // The axes may stand in any order, and pairwise rows in none: what shares a kernel, then rodata, stands together.
  std::map<std::string, std::size_t> kernels, rodata, crashkernel;
  for (const auto& setting : settings) {
    kernels.emplace(setting.kernel, kernels.size());
    rodata.emplace(setting.rodata, rodata.size());
    crashkernel.emplace(setting.crashkernel, crashkernel.size());
  }
  std::ranges::stable_sort(settings, {}, [&](const Setting& setting) {
    return std::tuple(kernels.at(setting.kernel), rodata.at(setting.rodata), crashkernel.at(setting.crashkernel));
  });
  return settings;
}

std::vector<ByteSize> memories_of(const RunResult& run) {
  std::set<ByteSize> memories;
  for (const auto& cell : run.cells) memories.insert(cell.cell.parameters.memory);
  return {memories.begin(), memories.end()};
}

std::string by_memory(const Setting& setting, const std::function<std::string(const CellResult&)>& text) {
  std::map<ByteSize, std::set<std::string>> seen;
  for (const auto* cell : setting.cells)
    if (auto words = text(*cell); !words.empty()) seen[cell->cell.parameters.memory].insert(words);
  struct Stretch {
    std::string words;
    ByteSize from;
    ByteSize to;
  };
  std::vector<Stretch> stretches;
  for (const auto& [memory, several] : seen) {
    std::string words;
    for (const auto& each : several) words += (words.empty() ? "" : "/") + each;
    if (stretches.empty() || stretches.back().words != words) stretches.push_back({words, memory, memory});
    stretches.back().to = memory;
  }
  if (stretches.size() == 1) return stretches[0].words;
  std::string line;
  for (const auto& [words, from, to] : stretches) {
    auto range = from == to ? to_string(from) : fmt::format("{}–{}", to_string(from), to_string(to));
    line += fmt::format("{}{} {}", line.empty() ? "" : "; ", words, range);
  }
  return line;
}

} // namespace kdt::report
