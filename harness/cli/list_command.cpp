#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/kernel_options.hpp"
#include "cli/plan.hpp"
#include "cli/plan_text.hpp"
#include "cli/results.hpp"
#include "cli/shard.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace kdt::cli {

namespace {

struct ListArguments {
  std::vector<std::string> matrices;
  SelectionOptions selection;
  KernelOptions kernels;
  bool json = false;
  bool brief = false;
};

int list_action(const ListArguments& arguments, const Context& context) {
  image::Images images(default_cache_directory(), context.repository);
  images.add_own(arguments.kernels.own, context.stop);
  auto plan = make_plan(arguments.matrices, arguments.selection, images);
  keep_shard(plan, arguments.selection, history_file());
  if (arguments.json) std::fputs("[\n", stdout);
  bool first = true;
  for (const auto& planned : plan.cells) {
    if (arguments.brief && !arguments.json) {
      fmt::print("{}\n", planned.cell.id);
      continue;
    }
    auto facts =
        run::cell_facts(planned.cell, plan.kernel_facts.at(planned.cell.parameters.kernel), *planned.expectations);
    PlannedText text{planned.cell, facts, planned.expectations->rules};
    auto shown = arguments.json ? (first ? "" : ",\n") + plan_json(text).dump() : plan_text(text);
    std::fwrite(shown.data(), 1, shown.size(), stdout);
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
  arguments->kernels.add_to(app);
  app.add_flag("--json", arguments->json, "a JSON array, one cell a line");
  app.add_flag("--brief", arguments->brief, "ids only");
  app.footer("Examples:\n"
             "  ./kdt list matrices/arm64.yaml --only memory=1G\n"
             "  ./kdt list matrices/nightly.yaml --brief --shard 1/4\n"
             "  ./kdt list matrices/smoke.yaml --json");
  return [arguments, &context] { return list_action(*arguments, context); };
}

} // namespace kdt::cli
