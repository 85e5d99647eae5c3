#include "base/file.hpp"
#include "cli/command.hpp"
#include "report/run_diff.hpp"
#include "report/run_json.hpp"

#include <nlohmann/json.hpp>

namespace kdt::cli {

namespace {

struct DiffArguments {
  std::string before;
  std::string after;
  bool json = false;
};

RunResult read_run(const fs::path& place) {
  return report::read_run_json(fs::is_directory(place) ? place / "run.json" : place);
}

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
             "judged any more.");
  return [arguments] { return diff_action(*arguments); };
}

} // namespace kdt::cli
