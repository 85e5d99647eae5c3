#include "report/sample_run.hpp"

namespace kdt::report {

namespace {

CellResult cell(const std::string& kernel, const std::string& rodata, Verdict verdict) {
  CellResult result;
  result.cell.id = "kernel=" + kernel + "/rodata=" + rodata;
  result.cell.slug = "kernel=" + kernel + "_rodata=" + rodata;
  result.cell.axes = {{"kernel", kernel}, {"rodata", rodata}};
  result.cell.parameters.kernel = kernel;
  result.cell.parameters.rodata = rodata;
  result.cell.parameters.crashkernel = "256M";
  result.fingerprint = std::string(64, '7');
  result.facts = {
      {"zone_dma", kernel == "v6.1-dma"}, {"page_size", std::int64_t{4096}}, {"version", std::string("6.1")}};
  result.observed = {{"probe.seconds", 0.61},
                     {"crashkernel.start", std::int64_t{0xb0000000}},
                     {"crashkernel.size", std::int64_t{268435456}},
                     {"probe.segments", std::string("faults")},
                     {"segments", std::vector<std::string>{"0xb0000000-0xb07fffff"}}};
  result.verdict = verdict;
  result.phases = {{Phase::prepare, Seconds(0.04), "done"}, {Phase::boot, Seconds(1.25), "done"},
                   {Phase::load, Seconds(0.1), "done"},     {Phase::probe, Seconds(0.2), "done"},
                   {Phase::trigger, Seconds(0.05), "done"}, {Phase::capture, Seconds(1.1), "done"},
                   {Phase::save, Seconds(1.9), "done"},     {Phase::verify, Seconds(0.3), "done"}};
  result.expectations = {{"probe.segments", "faults", "faults", true, "arm64.yaml:12",
                          "arch_kexec_protect_crashkres() makes the pages of the loaded segments invalid",
                          "arch/arm64/kernel/machine_kexec.c"}};
  result.artifacts = {{"console", "console.log"}, {"vmcore", "vmcore"}};
  result.accelerator = "tcg";
  result.seconds = Seconds(4.94);
  return result;
}

/// As if the cell had come no further.
void end_in(CellResult& cell, Phase phase) {
  std::erase_if(cell.phases, [&](const PhaseResult& result) { return result.phase > phase; });
  cell.phases.back().outcome = "failed";
  cell.seconds = Seconds(0);
  for (const auto& result : cell.phases) cell.seconds += result.seconds;
}

void add_finding(CellResult& cell, Finding finding) {
  cell.blame = finding.blame;
  cell.findings.push_back(std::move(finding));
}

} // namespace

RunResult sample_run() {
  auto pass = cell("v6.1-dma", "full", Verdict::pass);

  auto fail = cell("v6.1-dma", "on", Verdict::fail);
  add_finding(fail, make_finding("capture-timeout",
                                 "the capture kernel did not reach its agent: for 15 s nothing was said and no CPU "
                                 "moved; the console ends where the system kernel jumps to the capture kernel",
                                 {"[    3.204] Starting crashdump kernel...", "[    3.205] Bye!"}));
  end_in(fail, Phase::capture);
  fail.expectations[0].observed = std::nullopt;
  fail.expectations[0].held = false;

  auto xfail = cell("v6.1-dma", "off", Verdict::xfail);
  xfail.known_issue = "no-kallsyms-all";
  add_finding(xfail, make_finding("save-failed", "the dump tool ended with exit status 1"));
  end_in(xfail, Phase::save);

  auto xpass = cell("v6.1-nodma", "full", Verdict::xpass);
  xpass.known_issue = "va-bits-52";

  auto error = cell("v6.1-nodma", "on", Verdict::error);
  add_finding(error, make_finding("guest-lost", "QEMU ended with signal 9 (Killed) in phase boot"));
  end_in(error, Phase::boot);

  auto skip = cell("v6.1-nodma", "off", Verdict::skip);
  add_finding(
      skip, make_finding("host-too-small", "the guest takes about 5.5 GB of memory, and this host has 2.1 GB in all"));
  end_in(skip, Phase::prepare);

  return {.run_id = "20260101T120000Z-4711",
          .matrix = "matrices/smoke.yaml",
          .host = {{"kernel", "Linux 6.1.0 x86_64"}, {"cpus", "2"}, {"qemu", "7.2.0"}},
          .started = "2026-01-01T12:00:00Z",
          .finished = "2026-01-01T12:00:25Z",
          .exit_status = 1,
          .cells = {pass, fail, xfail, xpass, error, skip}};
}

CellResult hostile_cell() {
  auto hostile = cell("v6.1-dma", "full", Verdict::fail);
  hostile.cell.id = "kernel=<b>&\"'|`$(reboot)`\n# *x*";
  hostile.cell.slug = "hostile";
  hostile.cell.axes = {{"kernel", "<b>&\"'"}, {"a\x01xis", "]]>"}};
  hostile.cell.parameters.kernel = "<script>";
  hostile.known_issue = "-->";
  add_finding(hostile, make_finding("oops", "\x1b[2J\x1b]0;owned\x07 <oops> ]]> \xff\xfe & \xc0\x80",
                                    {std::string("nul\0nul", 7), "\xed\xa0\x80 surrogate", "\xef\xbf\xbf \xef\xbf\xbe",
                                     "\xc2\x9b"
                                     "31m C1",
                                     "\r\n\t\v\f", "caf\xc3\xa9 \xf0\x9f\x98\x80"}));
  hostile.phases[1].outcome = "failed\x1b[0m";
  return hostile;
}

} // namespace kdt::report
