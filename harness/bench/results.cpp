#include "bench/results.hpp"

#include "base/file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace kdt::bench {

namespace {

constexpr int k_bench_schema = 2;

std::string wanted(const Target& target) {
  return target.at_most ? fmt::format("at most {}", *target.at_most) : fmt::format("at least {}", *target.at_least);
}

} // namespace

void add(Results& results, const std::string& group, const std::string& name, const std::string& unit,
         const std::vector<double>& values) {
  results.figures.push_back({.group = group, .name = name, .unit = unit, .value = spread_of(values)});
}

const Figure* find(const Results& results, const std::string& group, const std::string& name) {
  auto found = std::ranges::find_if(results.figures,
                                    [&](const Figure& figure) { return figure.group == group && figure.name == name; });
  return found == results.figures.end() ? nullptr : &*found;
}

bool held(const Target& target, const Figure& figure) {
  return (!target.at_most || figure.value.median <= *target.at_most) &&
         (!target.at_least || figure.value.median >= *target.at_least);
}

Results with_others_of(Results results, const Results& earlier) {
  auto ours = results.measured;
  auto other = [&](const std::string& group) { return !ours.contains(group); };
  results.measured.insert(earlier.measured.begin(), earlier.measured.end()); // keeps what is there
  std::ranges::copy_if(earlier.figures, std::back_inserter(results.figures), other, &Figure::group);
  for (const auto& [name, why] : earlier.not_measured)
    if (other(name.substr(0, name.find('/')))) results.not_measured.emplace(name, why);
  std::ranges::stable_sort(results.figures, {}, &Figure::group);
  return results;
}

nlohmann::ordered_json to_json(const Results& results, const std::vector<Target>& targets) {
  nlohmann::ordered_json json{{"schema", k_bench_schema},
                              {"measured", nlohmann::ordered_json::object()},
                              {"figures", nlohmann::ordered_json::array()},
                              {"targets", nlohmann::ordered_json::array()},
                              {"not_measured", results.not_measured}};
  for (const auto& [group, measurement] : results.measured)
    json["measured"][group] = {
        {"started", measurement.started}, {"finished", measurement.finished}, {"host", measurement.host}};
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

std::optional<Results> results_from_json(const std::string& text) {
  try {
    auto json = nlohmann::json::parse(text);
    if (json.at("schema") != k_bench_schema) return std::nullopt;
    Results results;
    for (const auto& [group, measurement] : json.at("measured").items())
      results.measured[group] = {.started = measurement.at("started").get<std::string>(),
                                 .finished = measurement.at("finished").get<std::string>(),
                                 .host = measurement.at("host").get<std::map<std::string, std::string>>()};
    for (const auto& figure : json.at("figures"))
      results.figures.push_back({.group = figure.at("group").get<std::string>(),
                                 .name = figure.at("name").get<std::string>(),
                                 .unit = figure.at("unit").get<std::string>(),
                                 .value = {.median = figure.at("median").get<double>(),
                                           .least = figure.at("least").get<double>(),
                                           .most = figure.at("most").get<double>(),
                                           .count = figure.at("count").get<std::size_t>()}});
    results.not_measured = json.at("not_measured").get<std::map<std::string, std::string>>();
    return results;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

bool write_results(const fs::path& file, const Results& results, const std::vector<Target>& targets) {
  bool was_there = fs::is_regular_file(file);
  auto earlier = was_there ? results_from_json(read_file(file)) : std::nullopt;
  auto all = with_others_of(results, earlier.value_or(Results{}));
  write_file_atomic(file, to_json(all, targets).dump(2) + "\n");
  return earlier.has_value() || !was_there;
}

std::string to_text(const Results& results, const std::vector<Target>& targets) {
  std::map<std::string, std::size_t> longest; // name of each group: their columns are of their own
  for (const auto& figure : results.figures)
    longest[figure.group] = std::max(longest[figure.group], figure.name.size());
  std::string text, group;
  for (const auto& figure : results.figures) {
    if (figure.group != group) text += fmt::format("{}{}\n", group.empty() ? "" : "\n", figure.group);
    group = figure.group;
    text += fmt::format("  {:<{}}  {} {}\n", figure.name, longest[group], in_words(figure.value), figure.unit);
  }
  for (const auto& [name, why] : results.not_measured) text += fmt::format("not measured: {}: {}\n", name, why);
  for (const auto& target : targets)
    if (const auto* figure = find(results, target.group, target.name))
      text += fmt::format("{}: {}/{} {} {}, {}\n", held(target, *figure) ? "reached" : "NOT REACHED", target.group,
                          target.name, fmt::format("{:.2f}", figure->value.median), figure->unit, wanted(target));
  return text;
}

} // namespace kdt::bench
