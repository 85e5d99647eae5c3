#include "run/cell_runner.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "matrix/derive.hpp"
#include "model/json.hpp"
#include "run/phases.hpp"
#include "run/template.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>

namespace kdt::run {

namespace {

struct Step {
  Phase phase;
  bool (CellRun::*run)();
};

constexpr Step k_steps[] = {
    {Phase::prepare, &CellRun::prepare}, {Phase::boot, &CellRun::boot},       {Phase::load, &CellRun::load},
    {Phase::probe, &CellRun::probe},     {Phase::trigger, &CellRun::trigger}, {Phase::capture, &CellRun::capture},
    {Phase::save, &CellRun::save},       {Phase::verify, &CellRun::verify},
};

/// Less than this is a full disk: what could not be written was a line of a log.
constexpr ByteSize k_disk_full = ByteSize::kib(64);

Finding host_fault(const Error& error, Phase phase, const fs::path& directory) {
  auto finding = make_finding("infra", error.what());
  finding.blame = error.blame();
  std::error_code unknown;
  ByteSize free{fs::space(directory, unknown).available};
  if (!unknown && free < k_disk_full)
    finding =
        make_finding("host-disk", fmt::format("{}; {} has {} free", error.what(), directory.string(), human(free)));
  finding.phase = phase;
  return finding;
}

/// A fork has these phases from its template.
bool is_inherited(Phase phase, const Template* origin) {
  return origin != nullptr && phase > Phase::prepare && phase <= origin->after;
}

/// How long it took until the guest might run, which the cell's log leaves out.
Seconds wait_for_turn(CellRun& cell, const CellContext& context) {
  auto begin = Clock::now();
  context.guest_begins();
  Seconds waited = Clock::now() - begin;
  cell.log().leave_out(waited);
  return waited;
}

/// Does it, as a part of this phase; a fault of the host, and one of ours, is a finding, and the next phase makes no
/// sense.
bool attempt(const std::function<bool()>& what, Phase phase, const CellContext& context, CellResult& result) {
  try {
    return what();
  } catch (const Error& error) {
    result.findings.push_back(host_fault(error, phase, context.directory));
  } catch (const Interrupted&) {
    throw;
  } catch (const ForkFailed&) {
    throw;
  } catch (const std::exception& bug) { // ours; the other cells go on
    result.findings.push_back(
        host_fault(Error(Blame::infra, "kdt's own fault: {}", bug.what()), phase, context.directory));
  }
  return false;
}

/// Runs the phases up to the last one until one says that the next makes no sense; the rest are skipped. Returns how
/// long the guest waited for its turn. Throws ForkFailed.
Seconds run_phases(CellRun& cell, const CellContext& context, CellResult& result, Phase last = Phase::verify) {
  const auto* origin = context.fork_of;
  bool going = true;
  Seconds waited{};
  for (const auto& step : k_steps) {
    if (step.phase > last) break;
    if (going && is_inherited(step.phase, origin)) {
      if (result.phases.size() == 1) {
        auto begin = Clock::now();
        cell.start_fork();
        cell.wake();
        result.phases[0].seconds += Clock::now() - begin;
      }
      result.phases.push_back(*std::ranges::find(origin->phases, step.phase, &PhaseResult::phase));
      result.phases.back().of_template = true;
      continue;
    }
    if (!going) {
      result.phases.push_back({step.phase, Seconds(0), "skipped"});
      continue;
    }
    auto findings_before = result.findings.size();
    if (!result.phases.empty() && result.phases.back().of_template) {
      auto begin = Clock::now();
      auto wait = [&] {
        cell.plant_ahead();
        waited = wait_for_turn(cell, context);
        cell.confirm_awake();
        return true;
      };
      going = attempt(wait, step.phase, context, result);
      result.phases[0].seconds += Clock::now() - begin - waited;
    }
    if (step.phase == Phase::boot) waited = wait_for_turn(cell, context);
    if (step.phase == Phase::verify) context.guest_ended();
    if (context.on_phase) context.on_phase(step.phase);
    auto begin = Clock::now();
    bool of_log = origin == nullptr || step.phase != Phase::prepare; // its template's log has that already
    if (of_log) cell.log().add("phase", {{"phase", to_string(step.phase)}, {"what", "begin"}});
    going = going && attempt([&] { return (cell.*step.run)(); }, step.phase, context, result);
    cell.report_flood(step.phase);
    cell.report_complaints(step.phase, findings_before);
    const char* outcome = result.findings.size() > findings_before ? "failed" : "done";
    result.phases.push_back({step.phase, Clock::now() - begin, outcome});
    if (of_log) cell.log().add("phase", {{"phase", to_string(step.phase)}, {"what", "end"}, {"outcome", outcome}});
    if (going && context.stop_after == step.phase) {
      cell.hand_over();
      going = false;
    }
  }
  return waited;
}

} // namespace

std::string fingerprint(const Cell& cell, const image::KernelImage& kernel, const std::string& emulator_version) {
  const auto& p = cell.parameters;
  Sha256 hash;
  for (const auto& field :
       {kernel.build_id, kernel.fingerprint, emulator_version, std::to_string(p.memory.bytes), std::to_string(p.cpus),
        p.cpu, system_cmdline(p), p.capture_cmdline, p.loader, p.trigger, std::to_string(p.dump.filter),
        p.dump.compression, p.dump.format, p.dump.target, std::to_string(p.dump.threads), std::to_string(p.dump.split)})
    hash.add_field(field);
  if (p.shrink) hash.add_field(std::to_string(p.shrink->bytes));
  // What has its default leaves older fingerprints as they are.
  if (p.trigger_cpu) hash.add_field(fmt::format("trigger_cpu={}", *p.trigger_cpu));
  if (!p.capture_trigger.empty()) hash.add_field("capture_trigger=" + p.capture_trigger);
  if (p.loads != "load") hash.add_field("loads=" + p.loads);
  if (p.initramfs_size) hash.add_field(fmt::format("initramfs_size={}", p.initramfs_size->bytes));
  if (!p.dtb_randomness) hash.add_field("dtb_randomness=off");
  if (p.tcg_threads != CellParameters{}.tcg_threads) hash.add_field("tcg_threads=" + p.tcg_threads);
  return hash.hex();
}

Expectations read_expectations(const RuleFiles& files) {
  Expectations read{.rules = matrix::load_expectations(files.expectations),
                    .known_issues = matrix::load_known_issues(files.known_issues),
                    .triggers = matrix::load_triggers(files.triggers)};
  matrix::add_rules(read.triggers, read.rules);
  auto absolute = [](std::vector<fs::path> paths) {
    for (auto& path : paths) path = fs::absolute(path).lexically_normal();
    return paths;
  };
  read.files = {.expectations = absolute(files.expectations),
                .known_issues = absolute(files.known_issues),
                .triggers = fs::absolute(files.triggers).lexically_normal()};
  return read;
}

Facts cell_facts(const Cell& cell, const Facts& kernel_facts, const Expectations& expectations) {
  return matrix::complete(expectations.rules, matrix::derive(cell.parameters, kernel_facts));
}

void judge_cell(const Expectations& expectations, CellResult& result) {
  auto judgement = matrix::judge(expectations.rules, expectations.known_issues, result.facts, result.observed,
                                 std::move(result.findings), expectations.day);
  result.expectations = std::move(judgement.expectations);
  result.findings = std::move(judgement.findings);
  result.verdict = judgement.verdict;
  result.blame = judgement.blame;
  result.known_issue = std::move(judgement.known_issue);
}

std::unique_ptr<const Template> make_template(const Cell& cell, const CellContext& context, std::string name,
                                              Phase after, RamPlace place) {
  auto size = cell.parameters.memory;
  auto ram = place == RamPlace::memory ? ScratchFile::in_memory(size) : ScratchFile(context.directory, size);
  auto own = context;
  own.ram_file = ram.path();
  CellResult result;
  result.cell = cell;
  result.facts = cell_facts(cell, context.kernel.facts, context.expectations);
  CellRun running(cell, own, result);
  run_phases(running, own, result, after);
  if (!result.findings.empty())
    throw Error(Blame::infra, "{} in phase {}: {}", result.findings.front().code,
                to_string(result.findings.front().phase), result.findings.front().text);
  if (result.phases.back().outcome != "done")
    throw Error(Blame::infra, "it did not get as far as phase {}", to_string(after));
  return std::make_unique<const Template>(running.freeze(std::move(ram), std::move(name), after));
}

namespace {
CellResult run_once(const Cell& cell, const CellContext& context) {
  auto begin = Clock::now();
  CellResult result;
  result.cell = cell;
  result.backend = context.backend;
  result.accelerator = machine::to_string(context.accelerator);
  result.fingerprint = fingerprint(cell, context.kernel, context.emulator_version);
  result.facts = cell_facts(cell, context.kernel.facts, context.expectations);
  result.artifacts = {{"console", "console.log"}, {"events", "events.jsonl"}, {"emulator_log", "qemu.stderr"}};
  if (const auto* origin = context.fork_of) result.fork = Fork{.of = origin->name, .after = origin->after};
  result.not_forked = context.not_forked;
  std::unique_ptr<CellRun> running;
  Seconds waited{};
  try {
    running = std::make_unique<CellRun>(cell, context, result);
    waited = run_phases(*running, context, result);
    running->observe_host();
  } catch (const Error& error) { // the logs cannot be opened, or not be written any more
    auto phase = k_phases[std::min(result.phases.size(), k_phases.size() - 1)];
    result.findings.push_back(host_fault(error, phase, context.directory));
  }
  judge_cell(context.expectations, result);
  // Nothing was learnt, and nothing is to be mended.
  bool lacks = std::ranges::find(result.findings, "lacks-support", &Finding::code) != result.findings.end();
  if (lacks && result.verdict == Verdict::error) result.verdict = Verdict::skip;
  bool keep = context.keep == Keep::all || (context.keep == Keep::failed && !expected(result.verdict));
  // Half a dump would keep the disk full, for the journal and the cells to come.
  if (std::ranges::find(result.findings, "host-disk", &Finding::code) != result.findings.end()) keep = false;
  result.seconds = Clock::now() - begin - waited;
  try {
    if (running) running->tidy(keep);
    write_file(context.directory / "cell.json", to_json(result).dump(2) + "\n");
  } catch (const Error& error) {
    result.findings.push_back(host_fault(error, Phase::verify, context.directory));
    judge_cell(context.expectations, result);
  }
  return result;
}
} // namespace

CellResult run_cell(const Cell& cell, const CellContext& context) {
  if (context.fork_of == nullptr) return run_once(cell, context);
  try {
    return run_once(cell, context);
  } catch (const ForkFailed& failure) {
    auto cold = context;
    cold.fork_of = nullptr;
    cold.not_forked = fmt::format("a fork of {} failed: {}", context.fork_of->name, failure.what());
    return run_once(cell, cold);
  }
}

} // namespace kdt::run
