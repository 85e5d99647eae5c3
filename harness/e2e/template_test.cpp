// Forked cells show what cold ones show, whichever phase their template froze after. What stays behind:
// template_leak_test.cpp.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* k_triggers = R"(name: forks
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M, rodata: full}
axes:
  trigger: [sysrq-c, panic-irq, null-pointer]
expectations: [EXPECTATIONS/arm64.yaml]
)";

constexpr const char* k_dumps = R"(name: forks
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M, rodata: full}
axes:
  filter: [1, 31]
  compression: [lzo, zlib]
expectations: [EXPECTATIONS/arm64.yaml]
)";

std::string matrix(std::string text) {
  text.replace(text.find("EXPECTATIONS"), 12, KDT_SOURCE_DIR "/matrices/expectations");
  return text;
}

/// What no two boots of one guest have in common: time, nonce, where KASLR and the allocator put things, what else runs
/// and is printed meanwhile, and on which CPU the trigger was pulled.
bool differs_by_boot(const std::string& name) {
  static const std::set<std::string> k_names{"boot.memory_total", "boot.page_tables",     "capture.vmcore_base",
                                             "host.peak_memory",  "panic.console",        "save.bytes",
                                             "save.rate",         "trigger.nonce",        "vmcore.console_lines",
                                             "vmcore.cpu_stands", "vmcore.crash_time",    "vmcore.crashed_cpu",
                                             "vmcore.log_lines",  "vmcore.kernel_offset", "vmcore.canaries_reused",
                                             "vmcore.pages",      "vmcore.pages_read",    "vmcore.size",
                                             "verify.peak_memory"};
  return k_names.contains(name) || name.ends_with("seconds") || name.starts_with("canary.") ||
         name.starts_with("vmcore.canaries");
}

/// In words; of a stack without the addresses in modules, which are loaded anywhere.
std::string without_modules(const Value& value) {
  auto lines = value;
  if (auto* stack = std::get_if<std::vector<std::string>>(&lines))
    std::erase_if(*stack, [](const std::string& line) { return line.starts_with("0xffff"); });
  return to_string(lines);
}

RunResult run(const Place& place, const std::string& file, const std::string& out, std::vector<std::string> more) {
  std::vector<std::string> arguments{"run", file, "-j", "2", "--out", out, "--keep", "none"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto outcome = run_kdt(place, arguments, k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  return read_run(place.path() / out);
}

void expect_same(const CellResult& cold, const CellResult& fork) {
  SCOPED_TRACE(cold.cell.id);
  EXPECT_EQ(fork.verdict, cold.verdict);
  EXPECT_EQ(fork.fingerprint, cold.fingerprint);
  EXPECT_EQ(fork.facts, cold.facts);
  ASSERT_EQ(fork.findings.size(), cold.findings.size());
  for (std::size_t i = 0; i < cold.findings.size(); ++i) EXPECT_EQ(fork.findings[i].code, cold.findings[i].code);
  for (const auto& [name, value] : cold.observed) {
    ASSERT_TRUE(fork.observed.contains(name)) << name;
    bool chance = cold.cell.parameters.trigger == "panic-irq" && // in whatever the interrupt meets
                  (name == "panic.line" || name == "vmcore.panic_line" || name == "vmcore.crash_stack" ||
                   name == "vmcore.crashed_task");
    if (chance || differs_by_boot(name)) continue;
    EXPECT_EQ(without_modules(fork.observed.at(name)), without_modules(value)) << name;
  }
  EXPECT_EQ(fork.observed.size(), cold.observed.size());
  ASSERT_EQ(fork.expectations.size(), cold.expectations.size());
  for (std::size_t i = 0; i < cold.expectations.size(); ++i) {
    EXPECT_EQ(fork.expectations[i].observation, cold.expectations[i].observation);
    EXPECT_EQ(fork.expectations[i].held, cold.expectations[i].held) << cold.expectations[i].observation;
  }
  ASSERT_EQ(fork.phases.size(), cold.phases.size());
  for (std::size_t i = 0; i < cold.phases.size(); ++i) EXPECT_EQ(fork.phases[i].outcome, cold.phases[i].outcome);
}

/// Cold and forked, held against each other.
RunResult compare(const Place& place, const char* text, Phase after) {
  auto file = place.write("forks.yaml", matrix(text)).string();
  auto cold = run(place, file, "cold", {"--no-template"});
  auto forked = run(place, file, "forked", {});
  EXPECT_EQ(cold.cells.size(), forked.cells.size());
  for (std::size_t i = 0; i < std::min(cold.cells.size(), forked.cells.size()); ++i) {
    EXPECT_FALSE(cold.cells[i].fork.has_value());
    EXPECT_EQ(cold.cells[i].not_forked, "");
    EXPECT_EQ(forked.cells[i].not_forked, "");
    EXPECT_TRUE(forked.cells[i].fork.has_value() && forked.cells[i].fork->after == after);
    expect_same(cold.cells[i], forked.cells[i]);
  }
  return forked;
}

std::string of_cell(const Place& place, const CellResult& cell, const char* file) {
  return read_file(place.path() / "forked/cells" / cell.cell.slug / file);
}

} // namespace

TEST(TemplateEndToEnd, ForksOfAProbedGuestShowWhatColdCellsShow) {
  Place place;
  auto forked = compare(place, k_triggers, Phase::probe);
  std::set<std::string> nonces;
  std::set<std::string> random;
  for (const auto& cell : forked.cells) {
    nonces.insert(to_string(cell.observed.at("trigger.nonce")));
    auto events = of_cell(place, cell, "events.jsonl");
    auto at = events.find(R"(\"random\":)");
    ASSERT_NE(at, std::string::npos);
    random.insert(events.substr(at, events.find('}', at) - at));
    EXPECT_THAT(of_cell(place, cell, "console.log"), HasSubstr("Booting Linux on physical CPU"));
    EXPECT_THAT(of_cell(place, cell, "qemu.args"), HasSubstr("memory-backend-ram"));
  }
  EXPECT_EQ(nonces.size(), forked.cells.size());
  EXPECT_EQ(random.size(), forked.cells.size());
  EXPECT_THAT(read_file(place.path() / "forked/summary.md"), HasSubstr("3 cells are forks of 1 template"));
}

TEST(TemplateEndToEnd, ForksOfACaptureKernelShowWhatColdCellsShow) {
  Place place;
  compare(place, k_dumps, Phase::capture);
}

TEST(TemplateEndToEnd, AQemuThatCannotMigrateMeansColdCellsThatSaySo) {
  Place place;
  // A guest with a RAM file gets an option that QEMU refuses.
  fs::create_directories(place.path() / "bin");
  auto wrapper =
      place.write("bin/qemu-system-aarch64",
                  "#!/bin/sh\ncase \"$*\" in *memory-backend-file*) set -- \"$@\" -only-migratable-not ;; esac\n"
                  "exec /usr/bin/qemu-system-aarch64 \"$@\"\n");
  fs::permissions(wrapper, fs::perms(0755));
  auto file = place.write("forks.yaml", matrix(k_triggers)).string();
  auto outcome = run_kdt(place, {"run", file, "-j", "2", "--out", "run", "--keep", "none"}, k_run_budget,
                         {{"PATH", (place.path() / "bin").string() + ":" + std::getenv("PATH")}});
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("3 cells boot instead"));
  for (const auto& cell : read_run(place.path() / "run").cells) {
    EXPECT_EQ(cell.verdict, Verdict::pass);
    EXPECT_FALSE(cell.fork.has_value());
    EXPECT_THAT(cell.not_forked, StartsWith("template probe-"));
  }
}

} // namespace kdt::e2e
