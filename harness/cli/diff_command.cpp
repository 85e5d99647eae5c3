#include "cli/command.hpp"
#include "cli/results.hpp"
#include "report/run_diff.hpp"

#include <nlohmann/json.hpp>

namespace kdt::cli {

namespace {

struct DiffArguments {
  std::string before;
  std::string after;
  bool json = false;
};

int diff_action(const DiffArguments& arguments) {
  auto before = read_run(arguments.before), after = read_run(arguments.after);
  auto diff = report::diff_runs(before, after);
  if (arguments.json)
    fmt::print(
        "{}\n",
        report::diff_json(diff, before, after).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  else
    fmt::print("{}", report::diff_text(diff, before, after));
  return report::exit_status(diff);
}

} // namespace

Action register_diff(CLI::App& app, const Context&) {
  auto arguments = std::make_shared<DiffArguments>();
  app.add_option("OLD", arguments->before, "a run directory, or its run.json")->required();
  app.add_option("NEW", arguments->after, "a later one")->required();
  app.add_flag("--json", arguments->json, "one JSON object");
  app.footer("Exit status: 0 nothing is newly broken · 1 something is · 2 usage · 3 nothing is, and something was not\n"
             "judged any more.\n\n"
             "Examples:\n"
             "  ./kdt diff runs/yesterday runs/tonight\n"
             "  ./kdt diff runs/yesterday/run.json runs/tonight/run.json --json");
  return [arguments] { return diff_action(*arguments); };
}

} // namespace kdt::cli
