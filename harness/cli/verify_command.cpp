#include "base/error.hpp"
#include "base/file.hpp"
#include "base/scratch_file.hpp"
#include "cli/command.hpp"
#include "cli/deep_check.hpp"
#include "image/images.hpp"
#include "model/json.hpp"
#include "run/dump_expectation.hpp"
#include "run/event_log.hpp"
#include "vmcore/verify.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace kdt::cli {

namespace {

constexpr std::chrono::minutes k_verify_budget{30}; // a person waits for it and can press Ctrl-C

struct VerifyArguments {
  std::string vmcore;
  std::string facts;
  std::string system_map;
  std::string vmlinux;
  bool deep = false;
  bool json = false;
};

/// The name of the kernel that a cell ran; empty without a cell.
std::string kernel_of_cell(const std::string& facts) {
  return facts.empty() ? "" : cell_from_json(nlohmann::ordered_json::parse(read_file(facts))).cell.parameters.kernel;
}

/// The symbols of the cell's kernel: of a System.map that was named, or of the cached kernel. Nullptr: nobody has them.
std::shared_ptr<const image::Symbols> symbols_of(const CellResult& cell, const VerifyArguments& arguments,
                                                 const Context& context) {
  if (!arguments.system_map.empty()) return std::make_shared<image::Symbols>(arguments.system_map);
  const auto* build_id = find(cell.observed, "boot.build_id");
  if (build_id == nullptr || !std::holds_alternative<std::string>(*build_id)) return nullptr;
  try {
    image::Images images(default_cache_directory(), context.repository);
    if (auto map = images.cached_system_map(cell.cell.parameters.kernel, std::get<std::string>(*build_id)))
      return std::make_shared<image::Symbols>(*map);
  } catch (const Error&) { // no such kernel any more, or none of its tools: names are not worth a refusal
  }
  return nullptr;
}

/// What a cell says that its vmcore should be: cell.json, the console.log beside it, and the kernel's symbols.
vmcore::Expectation expectation_from(const VerifyArguments& arguments, const Context& context) {
  const fs::path file = arguments.facts;
  if (!fs::is_regular_file(file)) throw Error(Blame::usage, "{}: no such file, or not a regular one", file.string());
  auto json = nlohmann::ordered_json::parse(read_file(file), nullptr, false);
  if (json.is_discarded()) throw Error(Blame::usage, "{}: not JSON", file.string());
  auto cell = cell_from_json(json);
  auto expectation = run::dump_expectation(cell);
  if (!expectation.release && !expectation.build_id && !expectation.nonce)
    throw Error(Blame::usage, "{}: cell {} ended before it knew its kernel, so that nothing can be told from it",
                file.string(), cell.cell.id);
  if (auto console = file.parent_path() / "console.log"; fs::is_regular_file(console))
    expectation.console = run::console_if_whole(console);
  if (auto symbols = symbols_of(cell, arguments, context)) expectation.map = run::kernel_map(std::move(symbols));
  return expectation;
}

/// The last line: a second reader that could not read accuses nobody.
std::string_view conclusion(const std::vector<Finding>& findings) {
  auto failed = [](const Finding& finding) { return finding.code == "opinion-failed"; };
  if (findings.empty()) return "The vmcore holds what was looked for.";
  if (std::ranges::all_of(findings, failed)) return "The vmcore holds what was looked for; nobody else could read it.";
  if (std::ranges::all_of(findings, [](const Finding& finding) { return finding.blame == Blame::infra; }))
    return "The vmcore is not proven true: kdt could not read it to its end.";
  return "The vmcore is not as it should be.";
}

int verify_action(const VerifyArguments& arguments, const Context& context) {
  if (!fs::is_regular_file(arguments.vmcore) && !fs::is_block_file(arguments.vmcore))
    throw Error(Blame::usage, "{}: no such file, or neither a regular one nor a disk", arguments.vmcore);
  // Files without a name: they go with us, however we end.
  ScratchFile assembled(temporary_directory(), {});
  ScratchFile log(temporary_directory(), {});
  vmcore::Expectation expectation;
  if (!arguments.facts.empty())
    expectation = expectation_from(arguments, context);
  else if (!arguments.system_map.empty())
    expectation.map = run::kernel_map(std::make_shared<image::Symbols>(arguments.system_map));
  vmcore::Subject subject{.vmcore = fs::absolute(arguments.vmcore),
                          .assembled = assembled.path(),
                          .log = log.path(),
                          .page_budget = k_verify_budget / 2};
  auto report = vmcore::verify(subject, expectation, vmcore::verify_limits(subject), Deadline::after(k_verify_budget),
                               context.stop);
  if (arguments.deep) deep_check(report, arguments.vmlinux, kernel_of_cell(arguments.facts), context);
  if (arguments.json) {
    auto findings = nlohmann::ordered_json::array();
    for (const auto& finding : report.findings)
      findings.push_back({{"code", finding.code},
                          {"blame", to_string(finding.blame)},
                          {"text", finding.text},
                          {"evidence", finding.evidence}});
    fmt::print("{}\n", nlohmann::ordered_json{{"schema", 1},
                                              {"good", report.findings.empty()},
                                              {"facts", to_json(report.facts)},
                                              {"findings", findings},
                                              {"not_judged", vmcore::not_judged(expectation)}}
                           .dump(2));
  } else {
    for (const auto& [name, value] : report.facts) fmt::print("{:<26} {}\n", name, to_string(value));
    for (const auto& finding : report.findings) {
      fmt::print("{}: {}\n", finding.code, finding.text);
      for (const auto& line : finding.evidence) fmt::print("  {}\n", line);
    }
    for (const auto& question : vmcore::not_judged(expectation)) fmt::print("not known: {}\n", question);
    fmt::print("{}\n", conclusion(report.findings));
  }
  bool ours = std::ranges::all_of(report.findings, [](const Finding& f) { return f.blame == Blame::infra; });
  return report.findings.empty() ? 0 : ours ? 3 : 1;
}

} // namespace

Action register_verify(CLI::App& app, const Context& context) {
  auto arguments = std::make_shared<VerifyArguments>();
  app.add_option("VMCORE", arguments->vmcore, "a vmcore, or the disk that a flattened one was written to")->required();
  app.add_option("--facts", arguments->facts,
                 "cell.json of the cell that it should be of: without it, only what can be "
                 "known from the file itself is checked");
  app.add_option("--system-map", arguments->system_map,
                 "System.map of its kernel; by default that of the cached kernel of the cell's name and build id");
  app.add_flag("--deep", arguments->deep, "ask crash(8), too: task, back trace and log must be what kdt reads");
  app.add_option("--vmlinux", arguments->vmlinux, "the kernel with debug information, for --deep");
  app.add_flag("--json", arguments->json, "facts and findings as JSON");
  app.footer(
      "Exit status: 0 it holds what was looked for · 1 it does not, or is no vmcore · 2 usage · 3 it could not be\n"
      "read to its end, or not at all, on this host.\n\n"
      "Examples:\n"
      "  ./kdt verify /var/crash/vmcore\n"
      "  ./kdt verify runs/tonight/cells/a/vmcore --facts runs/tonight/cells/a/cell.json --json");
  return [arguments, &context] { return verify_action(*arguments, context); };
}

} // namespace kdt::cli
