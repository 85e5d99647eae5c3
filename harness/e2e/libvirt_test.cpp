// The same cells through libvirt, embedded in kdt: the same observations and verdicts, and nothing left behind.

#include "base/text.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"
#include "testing/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Smoke, with the guests' randomness off (the device tree's seeds decide where KASLR puts the kernel), and a cell each
/// of what a machine can be asked for beyond it. Two differ in their trigger alone: QEMU forks them, libvirt boots
/// both.
constexpr const char* k_matrix = R"(
name: parity
kernels: [v6.1-dma, v6.1-nodma]
defaults: {memory: 2G, crashkernel: 256M, dtb_randomness: off}
axes:
  kernel: [v6.1-dma, v6.1-nodma]
  rodata: [full, on]
include:
- {kernel: v6.1-dma, rodata: full, memory: 4G, cpus: 4, loader: kexec_load}
- {kernel: v6.1-dma, rodata: full, memory: 1G, cpu: max}
- {kernel: v6.1-dma, rodata: full, memory: 1G, trigger: sysrq-break}
- {kernel: v6.1-dma, rodata: full, memory: 1G, trigger: sysrq-c}
- {kernel: v6.1-nodma, rodata: full, memory: 1G, format: kdump, filter: 17}
- {kernel: v6.1-dma, rodata: full, memory: 256G, loader: none}
expectations: [expectations/arm64.yaml]
)";

/// What no two runs have in common, through QEMU alone either: times, secrets, which page and which CPU it happened to
/// be, how many places for canaries had a free page.
bool differs_anyway(std::string_view name) {
  constexpr std::string_view k_names[] = {
      "boot.page_tables", "host.peak_memory",     "panic.console",     "save.bytes",        "save.rate",
      "trigger.nonce",    "vmcore.console_lines", "vmcore.cpu_stands", "vmcore.crash_time", "vmcore.crashed_cpu",
      "vmcore.log_lines", "vmcore.pages",         "vmcore.pages_read", "vmcore.size",       "verify.peak_memory"};
  return name.starts_with("canary.") || name.starts_with("vmcore.canaries") || name.ends_with("seconds") ||
         std::ranges::find(k_names, name) != std::end(k_names);
}

std::vector<std::string> run_arguments(const fs::path& matrix, const std::string& out,
                                       const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"run", matrix.string(), "-j", "2", "--out", out};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// Emulators of libvirt's are no children of kdt: they are known by the root below the place's TMPDIR.
std::map<int, std::string> emulators_in(const Place& place) {
  std::map<int, std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      auto words = read_file(entry.path() / "cmdline");
      if (words.find("qemu-system-") != std::string::npos && words.find(place.tmp().string()) != std::string::npos)
        found[std::stoi(name)] = words;
    } catch (const std::exception&) { // it is gone
    }
  }
  return found;
}

void expect_nothing_left(const Place& place) {
  EXPECT_THAT(place.processes(), IsEmpty());
  EXPECT_THAT(emulators_in(place), IsEmpty());
  EXPECT_THAT(files_below(place.tmp()), IsEmpty());
}

/// Matrices name their rules relative to themselves.
fs::path write_matrix(const Place& place, std::string text) {
  auto rules = fs::path(KDT_SOURCE_DIR) / "matrices/expectations";
  auto at = text.find("expectations/");
  if (at != std::string::npos) text.replace(at, std::string_view("expectations").size(), rules.string());
  return place.write("matrix.yaml", text);
}

std::string codes_of(const CellResult& cell) {
  std::string codes;
  for (const auto& finding : cell.findings)
    codes += fmt::format("{} ({}, {}) ", finding.code, to_string(finding.blame), to_string(finding.phase));
  return codes;
}

void expect_same(const CellResult& direct, const CellResult& libvirt) {
  SCOPED_TRACE(direct.cell.id);
  EXPECT_EQ(direct.fingerprint, libvirt.fingerprint);
  EXPECT_EQ(direct.verdict, libvirt.verdict);
  EXPECT_EQ(direct.blame, libvirt.blame);
  EXPECT_EQ(direct.facts, libvirt.facts);
  EXPECT_EQ(direct.accelerator, libvirt.accelerator);
  EXPECT_EQ(codes_of(direct), codes_of(libvirt));
  ASSERT_EQ(direct.phases.size(), libvirt.phases.size());
  for (std::size_t i = 0; i < direct.phases.size(); ++i) EXPECT_EQ(direct.phases[i].outcome, libvirt.phases[i].outcome);
  ASSERT_EQ(direct.expectations.size(), libvirt.expectations.size());
  for (std::size_t i = 0; i < direct.expectations.size(); ++i)
    EXPECT_EQ(direct.expectations[i].held, libvirt.expectations[i].held) << direct.expectations[i].observation;
  std::set<std::string> names;
  for (const auto* cell : {&direct, &libvirt})
    for (const auto& [name, value] : cell->observed) names.insert(name);
  for (const auto& name : names) {
    const auto *one = find(direct.observed, name), *other = find(libvirt.observed, name);
    ASSERT_TRUE(one != nullptr && other != nullptr) << name << " is observed with one of them only";
    bool chance = direct.cell.parameters.trigger == "sysrq-break" && // interrupts whatever runs
                  (name == "vmcore.crash_stack" || name == "vmcore.crashed_task");
    chance = chance || (direct.cell.parameters.cpu == "max" && name == "vmcore.kernel_offset"); // it has RNDR
    if (chance || differs_anyway(name)) continue;
    EXPECT_EQ(to_string(*one), to_string(*other)) << name;
  }
  EXPECT_EQ(direct.backend, "qemu");
  EXPECT_EQ(libvirt.backend, "libvirt");
  EXPECT_EQ(libvirt.artifacts.at("emulator_arguments"), "domain.xml");
}

TEST(E2eLibvirt, SeesTheSameInEveryCellAsQemuAlone) {
  Place place;
  auto matrix = write_matrix(place, k_matrix);
  auto direct = run_kdt(place, run_arguments(matrix, "direct"), k_run_budget);
  auto libvirt = run_kdt(place, run_arguments(matrix, "libvirt", {"--backend", "libvirt"}), k_run_budget);
  EXPECT_EQ(direct.status.code, 0) << direct.out << direct.err;
  EXPECT_EQ(libvirt.status.code, 0) << libvirt.out << libvirt.err;
  EXPECT_EQ(libvirt.err.find("error"), std::string::npos) << libvirt.err; // libvirt's own words stay out of ours
  auto of_direct = read_run(place.path() / "direct");
  auto of_libvirt = read_run(place.path() / "libvirt");
  ASSERT_EQ(of_direct.cells.size(), 10U);
  ASSERT_EQ(of_libvirt.cells.size(), of_direct.cells.size());
  for (std::size_t i = 0; i < of_direct.cells.size(); ++i) expect_same(of_direct.cells[i], of_libvirt.cells[i]);
  EXPECT_EQ(std::ranges::count_if(of_direct.cells, [](const auto& cell) { return cell.fork.has_value(); }), 2);
  for (const auto& cell : of_libvirt.cells) {
    EXPECT_FALSE(cell.fork.has_value());
    EXPECT_EQ(cell.not_forked, ""); // libvirt's are not even tried
    auto directory = place.path() / "libvirt/cells" / cell.cell.slug;
    for (const auto& [name, path] : cell.artifacts) EXPECT_TRUE(fs::exists(directory / path)) << name << ": " << path;
    EXPECT_FALSE(fs::exists(directory / "qemu.args"));
  }
  auto schema = fs::path(KDT_SOURCE_DIR) / "reports/schema/run.schema.json";
  EXPECT_EQ(kdt::testing::schema_errors(schema, read_file(place.path() / "libvirt/run.json")), "");
  for (std::vector<std::string> words : {std::vector<std::string>{"direct", "--backend", "libvirt"}, {"libvirt"}}) {
    words.insert(words.begin(), {"run", matrix.string(), "--resume"});
    auto refused = run_kdt(place, words, k_run_budget);
    EXPECT_EQ(refused.status.code, 2) << refused.out << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("say the same --backend"));
  }
  RecordProperty("seconds_direct", std::to_string(direct.seconds.count()));
  RecordProperty("seconds_libvirt", std::to_string(libvirt.seconds.count()));
  expect_nothing_left(place);
}

constexpr const char* k_one_cell = R"(
name: one
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M}
axes: {rodata: [full, on]}
)";

/// Waits until a guest of the run is in this phase; false when kdt ended, or did not get that far in time.
bool reaches(Program& program, const Place& place, Phase phase) {
  return program.wait_until([&] { return in_phase(place.path() / "run", phase) && !emulators_in(place).empty(); },
                            Deadline::after(k_run_budget));
}

TEST(E2eLibvirt, AGuestThatIsKilledIsAnErrorOfTheHost) {
  Place place;
  auto matrix = write_matrix(place, k_one_cell);
  Program program(place, run_arguments(matrix, "run", {"--backend", "libvirt", "--only", "rodata=full"}));
  ASSERT_TRUE(reaches(program, place, Phase::probe));
  for (const auto& [pid, words] : emulators_in(place)) ::kill(pid, SIGKILL);
  auto outcome = program.finish(Deadline::after(k_run_budget));
  auto run = read_run(place.path() / "run");
  EXPECT_EQ(outcome.status.code, 3) << outcome.out << outcome.err;
  ASSERT_THAT(run.cells, SizeIs(1));
  EXPECT_EQ(run.cells[0].verdict, Verdict::error);
  EXPECT_EQ(run.cells[0].blame, Blame::infra);
  ASSERT_THAT(run.cells[0].findings, SizeIs(1));
  EXPECT_EQ(run.cells[0].findings[0].code, "guest-lost");
  expect_nothing_left(place);
}

constexpr const char* k_in_trouble = R"(
name: trouble
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M}
include:
- {cmdline: 'rdinit=/bin/busybox -- sleep 100000'}
- {trigger: nmi}
)";

/// What QEMU is asked through libvirt when a guest is stuck or has to be hit from outside.
TEST(E2eLibvirt, AStuckGuestIsLookedIntoAndAnNmiIsRefusedInTheSameWords) {
  Place place;
  auto matrix = write_matrix(place, k_in_trouble);
  auto outcome =
      run_kdt(place, run_arguments(matrix, "run", {"--backend", "libvirt", "--keep", "all", "--timeout-scale", "0.5"}),
              k_run_budget);
  auto run = read_run(place.path() / "run");
  EXPECT_EQ(outcome.status.code, 2) << outcome.out << outcome.err; // its other init was asked for
  ASSERT_THAT(run.cells, SizeIs(2));
  ASSERT_THAT(run.cells[0].findings, SizeIs(1));
  EXPECT_EQ(run.cells[0].findings[0].code, "boot-timeout");
  auto cell = place.path() / "run/cells" / run.cells[0].cell.slug;
  auto summary = read_file(cell / "post-mortem/summary.txt");
  EXPECT_THAT(summary, HasSubstr("in the system kernel at "));
  EXPECT_THAT(summary, HasSubstr("do_idle+"));
  auto memory = cell / run.cells[0].artifacts.at("memory");
  EXPECT_EQ(read_file(memory).substr(0, 12), "makedumpfile"); // QEMU 7.2 writes a stream
  EXPECT_EQ(run.cells[1].verdict, Verdict::skip) << outcome.out;
  EXPECT_THAT(codes_of(run.cells[1]), HasSubstr("lacks-support"));
  EXPECT_THAT(run.cells[1].findings[0].text, HasSubstr("QEMU refused inject-nmi"));
  expect_nothing_left(place);
}

TEST(E2eLibvirt, CtrlCEndsTheDomainsWithinTwoSeconds) {
  Place place;
  auto matrix = write_matrix(place, k_one_cell);
  Program program(place, run_arguments(matrix, "run", {"--backend", "libvirt"}));
  ASSERT_TRUE(reaches(program, place, Phase::boot));
  auto asked = Clock::now();
  program.signal(SIGINT);
  EXPECT_TRUE(eventually([&] { return emulators_in(place).empty(); }, Deadline::after(std::chrono::seconds(10))));
  EXPECT_LT(Seconds(Clock::now() - asked).count(), 2);
  auto outcome = program.finish(Deadline::after(std::chrono::minutes(1)));
  EXPECT_EQ(outcome.status.code, 130) << outcome.out << outcome.err;
  expect_nothing_left(place);
}

TEST(E2eLibvirt, AKilledKdtTakesItsDomainsWithIt) {
  Place place;
  auto matrix = write_matrix(place, k_one_cell);
  Program program(place, run_arguments(matrix, "run", {"--backend", "libvirt"}));
  ASSERT_TRUE(reaches(program, place, Phase::load));
  program.signal(SIGKILL);
  program.finish(Deadline::after(std::chrono::minutes(1)));
  auto gone = [&] {
    return place.processes().empty() && emulators_in(place).empty() && files_below(place.tmp()).empty();
  };
  eventually(gone, Deadline::after(std::chrono::seconds(5)));
  expect_nothing_left(place);
}

TEST(E2eLibvirt, WhatCannotBeConnectedToIsSaidBeforeAnythingStarts) {
  Place place;
  auto matrix = write_matrix(place, k_one_cell);
  auto nobody = "qemu+unix:///system?socket=" + (place.path() / "nobody").string();
  auto outcome = run_kdt(place, run_arguments(matrix, "run", {"--connect", nobody}));
  EXPECT_EQ(outcome.status.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("no libvirt daemon is running there"));
  EXPECT_EQ(split(trim(outcome.err), '\n').size(), 1U) << outcome.err;
  auto wrong = run_kdt(place, run_arguments(matrix, "run", {"--connect", "xen:///"}));
  EXPECT_EQ(wrong.status.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("qemu:///embed"));
}

} // namespace
} // namespace kdt::e2e
