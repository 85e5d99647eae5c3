#pragma once

#include "bench/spread.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kdt::bench {

/// One figure of a benchmark.
struct Figure {
  std::string group; ///< parts, cells, save, jobs, memory, scripted
  std::string name;  ///< unique in its group
  std::string unit;  ///< s, MB/s, ratio, cells/h, ms/cell
  Spread value;
};

/// What a figure is to reach: issue 8's words in numbers.
struct Target {
  std::string group;
  std::string name; ///< of a figure
  std::optional<double> at_most{};
  std::optional<double> at_least{};
};

/// What one call of the benchmark measured; bench/results.json is this.
struct Results {
  std::map<std::string, std::string> host{};
  std::string started{};
  std::string finished{};
  std::vector<Figure> figures{};
  std::map<std::string, std::string> not_measured{}; ///< "group/name" → why
};

const Figure* find(const Results& results, const std::string& group, const std::string& name);

/// Whether the median reaches the target.
bool held(const Target& target, const Figure& figure);

/// By reports/schema/bench.schema.json; targets whose figure was not measured are left out.
nlohmann::ordered_json to_json(const Results& results, const std::vector<Target>& targets);

/// A line a figure, by group, then a line a target.
std::string to_text(const Results& results, const std::vector<Target>& targets);

} // namespace kdt::bench
