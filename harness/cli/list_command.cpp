#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/plan.hpp"
#include "model/json.hpp"
#include "report/cell_text.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace kdt::cli {

namespace {

using nlohmann::ordered_json;

struct ListArguments {
  std::vector<std::string> matrices;
  SelectionOptions selection;
  bool json = false;
  bool brief = false;
};

ordered_json json_of(const run::PlannedCell& planned, const Facts& facts,
                     const std::vector<const matrix::Rule*>& rules) {
  ordered_json axes;
  for (const auto& [name, value] : planned.cell.axes) axes[name] = value;
  auto list = ordered_json::array();
  for (const auto* rule : rules) {
    ordered_json expect;
    for (const auto& matcher : rule->expect)
      expect[std::string(matcher.about().name)] = matcher.explain({facts, nullptr});
    if (!rule->expect.empty())
      list.push_back({{"rule", rule->id}, {"expect", expect}, {"because", rule->because}, {"source", rule->source}});
  }
  return {{"id", planned.cell.id}, {"axes", axes}, {"facts", to_json(facts)}, {"expected", list}};
}

void print_text(const run::PlannedCell& planned, const Facts& facts, const std::vector<const matrix::Rule*>& rules,
                bool brief) {
  std::string text = planned.cell.id + "\n";
  for (const auto* rule : rules) {
    if (brief || rule->expect.empty()) continue;
    for (const auto& matcher : rule->expect)
      text += fmt::format("    {}: {}\n", matcher.about().name, matcher.explain({facts, nullptr}));
    text += fmt::format("        because {} ({}; {})\n", rule->because, rule->source, rule->id);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
}

int list_action(const ListArguments& arguments, const Context& context) {
  image::Images images(default_cache_directory(), context.repository);
  auto plan = make_plan(arguments.matrices, arguments.selection, images);
  if (arguments.json) std::fputs("[\n", stdout);
  bool first = true;
  for (const auto& planned : plan.cells) {
    auto facts =
        run::cell_facts(planned.cell, plan.kernel_facts.at(planned.cell.parameters.kernel), *planned.expectations);
    auto rules = matrix::applicable(planned.expectations->rules, facts);
    if (arguments.json)
      fmt::print("{}{}", first ? "" : ",\n", json_of(planned, facts, rules).dump());
    else
      print_text(planned, facts, rules, arguments.brief);
    first = false;
  }
  if (arguments.json) std::fputs("\n]\n", stdout);
  if (!arguments.json) fmt::print(stderr, "kdt: {} cells\n", plan.cells.size());
  return 0;
}

} // namespace

Action register_list(CLI::App& app, const Context& context) {
  auto arguments = std::make_shared<ListArguments>();
  app.add_option("MATRIX", arguments->matrices, "matrix files")->required();
  arguments->selection.add_to(app);
  app.add_flag("--json", arguments->json, "a JSON array, one cell a line");
  app.add_flag("--brief", arguments->brief, "ids only");
  return [arguments, &context] { return list_action(*arguments, context); };
}

} // namespace kdt::cli
