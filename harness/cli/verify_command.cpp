#include "base/error.hpp"
#include "base/file.hpp"
#include "base/scratch_file.hpp"
#include "cli/command.hpp"
#include "model/json.hpp"
#include "vmcore/verify.hpp"

#include <nlohmann/json.hpp>

namespace kdt::cli {

namespace {

constexpr std::chrono::minutes k_verify_budget{30}; // a person waits for it and can press Ctrl-C

struct VerifyArguments {
  std::string vmcore;
  std::string facts;
  bool json = false;
};

/// What a cell says that its vmcore should be: its cell.json holds the kernel, the nonce is in its events.
vmcore::Expectation expectation_from(const fs::path& file) {
  if (!fs::is_regular_file(file)) throw Error(Blame::usage, "{}: no such file, or not a regular one", file.string());
  auto json = nlohmann::ordered_json::parse(read_file(file), nullptr, false);
  if (json.is_discarded()) throw Error(Blame::usage, "{}: not JSON", file.string());
  auto cell = cell_from_json(json);
  vmcore::Expectation expectation;
  auto text = [&](const char* name) -> std::optional<std::string> {
    const auto* value = find(cell.observed, name);
    const auto* held = value != nullptr ? std::get_if<std::string>(value) : nullptr;
    return held != nullptr ? std::optional(*held) : std::nullopt;
  };
  expectation.release = text("boot.release");
  expectation.build_id = text("boot.build_id");
  expectation.nonce = text("trigger.nonce");
  if (auto line = text("panic.line")) expectation.panic_markers = {*line};
  const auto* cpus = find(cell.observed, "boot.cpus");
  if (cpus != nullptr) expectation.cpus = static_cast<unsigned>(std::get<std::int64_t>(*cpus));
  return expectation;
}

int verify_action(const VerifyArguments& arguments, const Context& context) {
  if (!fs::is_regular_file(arguments.vmcore) && !fs::is_block_file(arguments.vmcore))
    throw Error(Blame::usage, "{}: no such file, or neither a regular one nor a disk", arguments.vmcore);
  // Files without a name: they go with us, however we end.
  ScratchFile assembled(fs::temp_directory_path(), {});
  ScratchFile log(fs::temp_directory_path(), {});
  vmcore::Expectation expectation;
  if (!arguments.facts.empty()) expectation = expectation_from(arguments.facts);
  vmcore::Subject subject{.vmcore = fs::absolute(arguments.vmcore),
                          .assembled = assembled.path(),
                          .log = log.path(),
                          .page_budget = k_verify_budget / 2};
  auto report = vmcore::verify(subject, expectation, vmcore::verify_limits(subject), Deadline::after(k_verify_budget),
                               context.stop);
  if (arguments.json) {
    auto findings = nlohmann::ordered_json::array();
    for (const auto& finding : report.findings)
      findings.push_back({{"code", finding.code}, {"blame", to_string(finding.blame)}, {"text", finding.text}});
    fmt::print("{}\n", nlohmann::ordered_json{{"facts", to_json(report.facts)}, {"findings", findings}}.dump(2));
  } else {
    for (const auto& [name, value] : report.facts) fmt::print("{:<20} {}\n", name, to_string(value));
    for (const auto& finding : report.findings) fmt::print("{}: {}\n", finding.code, finding.text);
    fmt::print("{}\n", report.findings.empty() ? "The vmcore holds what was looked for."
                                               : "The vmcore is not as it should be.");
  }
  return report.findings.empty() ? 0 : 1;
}

} // namespace

Action register_verify(CLI::App& app, const Context& context) {
  auto arguments = std::make_shared<VerifyArguments>();
  app.add_option("VMCORE", arguments->vmcore, "a vmcore, or the disk that a flattened one was written to")->required();
  app.add_option("--facts", arguments->facts,
                 "cell.json of the cell that it should be of: without it, only what can be "
                 "known from the file itself is checked");
  app.add_flag("--json", arguments->json, "facts and findings as JSON");
  return [arguments, &context] { return verify_action(*arguments, context); };
}

} // namespace kdt::cli
