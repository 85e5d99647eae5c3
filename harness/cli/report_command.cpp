#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "model/finding.hpp"
#include "report/costs.hpp"
#include "report/junit.hpp"
#include "report/run_json.hpp"
#include "report/summary.hpp"

#include <unistd.h>

namespace kdt::cli {

namespace {

struct ReportArguments {
  std::string run;
  std::string junit;
  std::string markdown;
  bool costs = false;
};

int report_action(const ReportArguments& arguments) {
  fs::path place = arguments.run;
  auto run = report::read_run_json(fs::is_directory(place) ? place / "run.json" : place);
  if (!arguments.junit.empty()) report::write_junit(run, arguments.junit);
  if (!arguments.markdown.empty()) report::write_summary_md(run, arguments.markdown);
  if (arguments.costs) {
    auto text = report::costs_text(run);
    fmt::print("{}", text.empty() ? "No cell came far enough to see how memory is mapped.\n" : text);
  } else if (arguments.junit.empty() && arguments.markdown.empty()) {
    fmt::print("{}", report::summary(run, {.colour = colour_wanted(STDOUT_FILENO)}));
  }
  return 0;
}

int explain_action(const std::string& word) {
  const auto* code = find_code(word);
  if (code == nullptr) {
    std::vector<std::string> known;
    for (const auto& each : finding_codes()) known.emplace_back(each.code);
    if (word.empty()) {
      for (const auto& each : finding_codes()) fmt::print("{:<24} {}\n", each.code, each.meaning);
      return 0;
    }
    throw Error(Blame::usage, "there is no finding code '{}'{}", word, suggestion(word, known));
  }
  fmt::print("{} (phase {}, usually blamed on: {})\n  Meaning: {}.\n  Usual causes: {}.\n  What next: {}.\n",
             code->code, to_string(code->phase), to_string(code->blame), code->meaning, code->causes, code->next);
  return 0;
}

} // namespace

Action register_report(CLI::App& app, const Context&) {
  auto arguments = std::make_shared<ReportArguments>();
  app.add_option("RUN", arguments->run, "a run directory, or its run.json")->required();
  app.add_option("--junit", arguments->junit, "write JUnit XML to this file");
  app.add_option("--markdown", arguments->markdown, "write the summary as Markdown to this file");
  app.add_flag("--costs", arguments->costs,
               "how each setting protects the crash region, and what that costs by memory size");
  return [arguments] { return report_action(*arguments); };
}

Action register_explain(CLI::App& app, const Context&) {
  auto word = std::make_shared<std::string>();
  app.add_option("CODE", *word, "a finding code; without one, all of them are listed");
  return [word] { return explain_action(*word); };
}

} // namespace kdt::cli
