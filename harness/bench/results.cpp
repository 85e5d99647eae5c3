#include "bench/results.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace kdt::bench {

namespace {

constexpr int k_bench_schema = 1;

std::string wanted(const Target& target) {
  return target.at_most ? fmt::format("at most {}", *target.at_most) : fmt::format("at least {}", *target.at_least);
}

} // namespace

const Figure* find(const Results& results, const std::string& group, const std::string& name) {
  auto found = std::ranges::find_if(results.figures,
                                    [&](const Figure& figure) { return figure.group == group && figure.name == name; });
  return found == results.figures.end() ? nullptr : &*found;
}

bool held(const Target& target, const Figure& figure) {
  return (!target.at_most || figure.value.median <= *target.at_most) &&
         (!target.at_least || figure.value.median >= *target.at_least);
}

nlohmann::ordered_json to_json(const Results& results, const std::vector<Target>& targets) {
  nlohmann::ordered_json json{{"schema", k_bench_schema},
                              {"started", results.started},
                              {"finished", results.finished},
                              {"host", results.host},
                              {"figures", nlohmann::ordered_json::array()},
                              {"targets", nlohmann::ordered_json::array()},
                              {"not_measured", results.not_measured}};
  for (const auto& figure : results.figures)
    json["figures"].push_back({{"group", figure.group},
                               {"name", figure.name},
                               {"unit", figure.unit},
                               {"median", figure.value.median},
                               {"least", figure.value.least},
                               {"most", figure.value.most},
                               {"count", figure.value.count}});
  for (const auto& target : targets) {
    const auto* figure = find(results, target.group, target.name);
    if (figure == nullptr) continue;
    nlohmann::ordered_json entry{{"group", target.group}, {"name", target.name}};
    if (target.at_most) entry["at_most"] = *target.at_most;
    if (target.at_least) entry["at_least"] = *target.at_least;
    entry["measured"] = figure->value.median;
    entry["held"] = held(target, *figure);
    json["targets"].push_back(std::move(entry));
  }
  return json;
}

std::string to_text(const Results& results, const std::vector<Target>& targets) {
  std::string text, group;
  for (const auto& figure : results.figures) {
    if (figure.group != group) text += fmt::format("{}{}\n", group.empty() ? "" : "\n", figure.group);
    group = figure.group;
    text += fmt::format("  {:<44} {} {}\n", figure.name, in_words(figure.value), figure.unit);
  }
  for (const auto& [name, why] : results.not_measured) text += fmt::format("not measured: {}: {}\n", name, why);
  for (const auto& target : targets)
    if (const auto* figure = find(results, target.group, target.name))
      text += fmt::format("{}: {}/{} {} {}, {}\n", held(target, *figure) ? "reached" : "NOT REACHED", target.group,
                          target.name, fmt::format("{:.2f}", figure->value.median), figure->unit, wanted(target));
  return text;
}

} // namespace kdt::bench
