#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/baseline.hpp"
#include "cli/command.hpp"
#include "cli/page.hpp"
#include "cli/results.hpp"
#include "cli/terminal.hpp"
#include "console/line_class.hpp"
#include "model/finding.hpp"
#include "report/costs.hpp"
#include "report/junit.hpp"
#include "report/ktap.hpp"
#include "report/summary.hpp"

#include <algorithm>
#include <unistd.h>

namespace kdt::cli {

namespace {

struct ReportArguments {
  std::string run;
  std::string junit;
  std::string markdown;
  std::string html;
  std::string ktap;
  std::string baseline;
  bool costs = false;
};

void write_html(const RunResult& run, const ReportArguments& arguments, const std::optional<RunResult>& baseline) {
  fs::path place = arguments.run;
  write_page(run, arguments.html,
             {.directory = fs::is_directory(place) ? place : place.parent_path(),
              .baseline = baseline ? &*baseline : nullptr});
}

int report_action(const ReportArguments& arguments) {
  auto run = read_run(arguments.run);
  auto baseline = arguments.baseline.empty() ? std::nullopt : std::optional(read_run(arguments.baseline));
  compare_with(run, baseline);
  if (!arguments.junit.empty()) report::write_junit(run, arguments.junit);
  if (!arguments.markdown.empty()) report::write_summary_md(run, arguments.markdown);
  if (!arguments.ktap.empty()) report::write_ktap(run, arguments.ktap);
  if (!arguments.html.empty()) write_html(run, arguments, baseline);
  if (arguments.costs) {
    auto text = report::costs_text(run);
    fmt::print("{}", text.empty() ? "No cell came far enough to see how memory is mapped.\n" : text);
  } else if (arguments.junit.empty() && arguments.markdown.empty() && arguments.html.empty() &&
             arguments.ktap.empty()) {
    fmt::print("{}", report::summary(run, summary_options("")));
  }
  return 0;
}

/// What a line on a console or of a tool is a sign of, if the word names such a class.
bool explain_line_class(const std::string& word) {
  auto classes = console::line_classes();
  auto found = std::ranges::find(classes, word, &console::LineClass::name);
  if (found == classes.end()) return false;
  fmt::print("{} (seen in a guest's output, usually blamed on: {})\n  Meaning: {}.\n  Usual cause: {}.\n"
             "  Printed by: {}.\n  Lines:\n",
             found->name, to_string(found->blame), found->meaning, found->cause, found->source);
  for (const auto& pattern : split(found->patterns, '\n')) fmt::print("    {}\n", pattern);
  return true;
}

int explain_action(const std::string& word) {
  const auto* code = find_code(word);
  if (code == nullptr) {
    std::vector<std::string> known;
    for (const auto& each : finding_codes()) known.emplace_back(each.code);
    for (const auto& each : console::line_classes()) known.emplace_back(each.name);
    if (word.empty()) {
      for (const auto& each : finding_codes()) fmt::print("{:<24} {}\n", each.code, each.meaning);
      fmt::print("\nSigns of trouble in what a guest prints:\n");
      for (const auto& each : console::line_classes()) fmt::print("{:<24} {}\n", each.name, each.meaning);
      return 0;
    }
    if (explain_line_class(word)) return 0;
    throw Error(Blame::usage, "there is no finding code '{}'{}", word, suggestion(word, known));
  }
  fmt::print("{} (phase {}, usually blamed on: {})\n  Meaning: {}.\n  Usual causes: {}.\n  What next: {}.\n",
             code->code, to_string(code->phase), to_string(code->blame), code->meaning, code->causes, code->next);
  return 0;
}

} // namespace

Action register_report(CLI::App& app, const Context&) {
  auto arguments = std::make_shared<ReportArguments>();
  app.add_option("RUN", arguments->run, "a run directory (of a run that still goes on, too), or its run.json")
      ->required();
  app.add_option("--junit", arguments->junit, "write JUnit XML to this file");
  app.add_option("--markdown", arguments->markdown, "write the summary as Markdown to this file");
  app.add_option("--ktap", arguments->ktap, "write KTAP to this file");
  app.add_option("--html", arguments->html, "write report.html to this file");
  app.add_option("--baseline", arguments->baseline, "an earlier run to compare with: its directory or run.json");
  app.add_flag("--costs", arguments->costs,
               "how each setting protects the crash region, and what that costs by memory size");
  app.footer("Examples:\n"
             "  ./kdt report runs/tonight\n"
             "  ./kdt report runs/tonight --html report.html --baseline runs/yesterday\n"
             "  ./kdt report runs/tonight --markdown summary.md --junit junit.xml --ktap results.ktap\n"
             "  ./kdt report runs/tonight --costs");
  return [arguments] { return report_action(*arguments); };
}

Action register_explain(CLI::App& app, const Context&) {
  auto word = std::make_shared<std::string>();
  app.add_option("CODE", *word, "a finding code or a sign of trouble; without one, all are listed");
  app.footer("Examples:\n"
             "  ./kdt explain\n"
             "  ./kdt explain capture-timeout");
  return [word] { return explain_action(*word); };
}

} // namespace kdt::cli
