#include "cli/plan_text.hpp"

#include "model/json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace kdt::cli {

using matrix::Matcher;
using matrix::Rule;
using nlohmann::ordered_json;

namespace {
constexpr std::size_t k_columns = 100;
constexpr std::string_view k_unconfirmed = "read in the source, seen in no guest yet";

/// Adds text to out in lines of at most k_columns: the first behind head, the others under it. A plan of ten thousand
/// cells comes here a million times: no copies.
void add_wrapped(std::string& out, std::string_view head, std::string_view text) {
  out += head;
  while (head.size() + text.size() > k_columns) {
    auto room = k_columns - std::min(head.size(), k_columns);
    auto space = text.substr(0, room + 1).rfind(' ');
    if (space == std::string_view::npos) space = text.find(' '); // a word that is longer than a line
    if (space == std::string_view::npos) break;
    out.append(text.substr(0, space)).append("\n").append(head.size(), ' ');
    text.remove_prefix(space + 1);
  }
  out.append(text).append("\n");
}

/// The conditions that only the run can decide.
std::vector<const Matcher*> open_conditions(const Rule& rule, const Facts& facts) {
  std::vector<const Matcher*> open;
  for (const auto& condition : rule.when)
    if (condition.matches({facts, nullptr}) == matrix::Answer::unknown) open.push_back(&condition);
  return open;
}

/// "reservation.start: [ram_base, dma_limit) = [0x40000000, 0xc0000000)".
std::string says(const Matcher& matcher, const Facts& facts) {
  return fmt::format("{}: {}", matcher.about().name, matcher.explain({facts, nullptr}));
}

std::string derived_value(const matrix::Derivation& derivation, const Facts& facts) {
  const auto* value = find(facts, derivation.name->name);
  return value == nullptr ? "?" : matrix::show(*derivation.name, *value);
}

void add_rule(std::string& out, const Rule& rule, const Facts& facts) {
  add_wrapped(out, fmt::format("  {}  ", rule.id), rule.because);
  add_wrapped(out, "    source: ", rule.source);
  if (!rule.confirmed) out += fmt::format("    {}\n", k_unconfirmed);
  std::string conditions;
  for (const auto* condition : open_conditions(rule, facts))
    conditions += (conditions.empty() ? "" : " and ") + says(*condition, facts);
  if (!conditions.empty()) add_wrapped(out, "    if ", conditions);
  for (const auto& derivation : rule.derive)
    out += fmt::format("    {} = {}\n", derivation.name->name, derived_value(derivation, facts));
  for (const auto& matcher : rule.expect) add_wrapped(out, "    expect ", says(matcher, facts));
}
} // namespace

std::string plan_text(const PlannedText& plan) {
  std::string text = plan.cell.id + "\n";
  for (const auto* rule : matrix::deriving(plan.rules, plan.facts)) add_rule(text, *rule, plan.facts);
  auto rules = matrix::applicable(plan.rules, plan.facts);
  for (const auto* rule : rules) add_rule(text, *rule, plan.facts);
  for (const auto* name : matrix::unexplained(plan.rules, rules))
    text += fmt::format("  no rule speaks of {}: if it is observed, the cell cannot pass\n", name->name);
  return text;
}

ordered_json plan_json(const PlannedText& plan) {
  ordered_json axes = ordered_json::object();
  for (const auto& [name, value] : plan.cell.axes) axes[name] = value;
  auto derived = ordered_json::array();
  for (const auto* rule : matrix::deriving(plan.rules, plan.facts)) {
    ordered_json gives;
    for (const auto& derivation : rule->derive)
      if (const auto* value = find(plan.facts, derivation.name->name))
        gives[std::string(derivation.name->name)] = matrix::show(*derivation.name, *value);
    derived.push_back({{"rule", rule->id}, {"gives", gives}, {"because", rule->because}, {"source", rule->source}});
  }
  auto expected = ordered_json::array();
  auto rules = matrix::applicable(plan.rules, plan.facts);
  for (const auto* rule : rules) {
    ordered_json expect;
    for (const auto& matcher : rule->expect)
      expect[std::string(matcher.about().name)] = matcher.explain({plan.facts, nullptr});
    ordered_json one{{"rule", rule->id}, {"expect", expect}, {"because", rule->because}, {"source", rule->source}};
    if (auto open = open_conditions(*rule, plan.facts); !open.empty())
      for (const auto* condition : open) one["if"][std::string(condition->about().name)] = condition->text();
    if (!rule->confirmed) one["confirmed"] = false;
    expected.push_back(std::move(one));
  }
  ordered_json json{{"id", plan.cell.id},
                    {"axes", axes},
                    {"facts", to_json(plan.facts)},
                    {"derived", derived},
                    {"expected", expected}};
  for (const auto* name : matrix::unexplained(plan.rules, rules)) json["unexplained"].push_back(name->name);
  return json;
}

} // namespace kdt::cli
