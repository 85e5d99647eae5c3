#pragma once

#include "bench/spread.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kdt::bench {

/// One figure of a benchmark.
struct Figure {
  std::string group; ///< a word of --only
  std::string name;  ///< unique in its group
  std::string unit;  ///< s, ms, MB/s, ratio, %, cells/h
  Spread value;
};

/// When and where the figures of a group were measured.
struct Measurement {
  std::string started{};
  std::string finished{};
  std::map<std::string, std::string> host{}; ///< kdt's version, too
};

/// What a figure is to reach: issue 8's words in numbers.
struct Target {
  std::string group;
  std::string name; ///< of a figure
  std::optional<double> at_most{};
  std::optional<double> at_least{};
};

/// What was measured; bench/results.json is this.
struct Results {
  std::map<std::string, Measurement> measured{}; ///< group → when and where
  std::vector<Figure> figures{};
  std::map<std::string, std::string> not_measured{}; ///< "group/name" → why
};

/// Adds a figure: the spread of these values.
void add(Results& results, const std::string& group, const std::string& name, const std::string& unit,
         const std::vector<double>& values);

const Figure* find(const Results& results, const std::string& group, const std::string& name);

/// Whether the median reaches the target.
bool held(const Target& target, const Figure& figure);

/// The results, and what an earlier call found of the groups that they do not measure. By group.
Results with_others_of(Results results, const Results& earlier);

/// By reports/schema/bench.schema.json; targets whose figure was not measured are left out.
nlohmann::ordered_json to_json(const Results& results, const std::vector<Target>& targets);

/// What to_json made; nullopt when it is no such text, or of another schema.
std::optional<Results> results_from_json(const std::string& text);

/// Writes them to a file, beside what is there of other groups. False when there was something of another form, of
/// which nothing is kept. Throws Error{infra}.
bool write_results(const std::filesystem::path& file, const Results& results, const std::vector<Target>& targets);

/// A line a figure, by group, then a line a target.
std::string to_text(const Results& results, const std::vector<Target>& targets);

} // namespace kdt::bench
