// Forked cells show what cold ones show, whichever phase their template froze after, and have a clock and random
// numbers of their own. What they leave behind: template_leak_test.cpp.

#include "base/text.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <set>

namespace kdt::e2e {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::int64_t k_a_day = 86400;

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

/// Two templates of a kernel that reads the machine's clock, which ours are built without.
constexpr const char* k_clocks = R"(name: clocks
kernels: [debian-13]
defaults:
  {kernel: debian-13, memory: 1G, crashkernel: 256M, rodata: on, loader: kexec_load, format: copy, compression: none}
include:
- {trigger_cpu: 0}
- {trigger_cpu: 1}
- {crashkernel: 320M, filter: 0}
- {crashkernel: 320M, filter: 1}
- {crashkernel: 320M, filter: 16}
- {crashkernel: 320M, filter: 17}
- {crashkernel: 320M, filter: 31}
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

RunResult run(const Place& place, const std::string& file, const std::string& out, std::vector<std::string> more,
              const char* slots = "2") {
  std::vector<std::string> arguments{"run", file, "-j", slots, "--out", out, "--keep", "none"};
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

/// A fork that was asked `wake`, and what its guest had then.
struct Awake {
  std::int64_t asked = 0; ///< the host's time, in seconds since 1970
  std::int64_t time = 0;  ///< the guest's
  std::uint64_t random = 0;
  std::string role{};
};

/// Three triggers where QEMU refuses to start when its command line has this.
Outcome run_with_refusing_qemu(const Place& place, const std::string& words) {
  fs::create_directories(place.path() / "bin");
  auto wrapper = place.write("bin/qemu-system-aarch64",
                             fmt::format("#!/bin/sh\ncase \"$*\" in *{}*) set -- \"$@\" -no-such-option ;; esac\n"
                                         "exec /usr/bin/qemu-system-aarch64 \"$@\"\n",
                                         words));
  fs::permissions(wrapper, fs::perms(0755));
  auto file = place.write("forks.yaml", matrix(k_triggers)).string();
  return run_kdt(place, {"run", file, "-j", "2", "--out", "run", "--keep", "none"}, k_run_budget,
                 {{"PATH", (place.path() / "bin").string() + ":" + std::getenv("PATH")}});
}

/// The QEMU of the fork that has its canaries and waits for its turn; nullopt: there is none now.
std::optional<int> waiting_fork(const Program& program) {
  for (const auto& [pid, line] : emulators_of(program.pid())) {
    std::error_code gone;
    auto log = fs::read_symlink(fmt::format("/proc/{}/fd/2", pid), gone);
    std::error_code none;
    if (gone || !fs::exists(log.parent_path() / "events.jsonl", none)) continue;
    auto events = read_file(log.parent_path() / "events.jsonl");
    bool planted = events.find(R"(\"answer\":{\"canaries\")") != std::string::npos;
    if (planted && events.find(R"("phase":"trigger")") == std::string::npos) return pid;
  }
  return std::nullopt;
}

/// nullopt when the events do not have both the ask and its answer.
std::optional<Awake> awake(const std::string& events) {
  std::optional<json> ask;
  for (const auto& line : split(events, '\n')) {
    auto event = json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("text") || !event["text"].is_string()) continue;
    auto text = json::parse(event["text"].get<std::string>(), nullptr, false);
    if (!text.is_object()) continue;
    if (event["type"] == "ask" && text["ask"] == "wake") ask = text;
    if (!ask || event["type"] != "agent" || !text.contains("answer") || text["id"] != ask->at("id")) continue;
    const auto& answer = text.at("answer");
    return Awake{
        .asked = ask->at("time"), .time = answer.at("time"), .random = answer.at("random"), .role = answer.at("role")};
  }
  return std::nullopt;
}

/// How each of the forks woke, which no two did alike.
std::vector<Awake> all_awake(const Place& place, const RunResult& forked) {
  std::vector<Awake> all;
  std::set<std::uint64_t> random;
  for (const auto& cell : forked.cells) {
    SCOPED_TRACE(cell.cell.id);
    auto woken = awake(of_cell(place, cell, "events.jsonl"));
    EXPECT_TRUE(woken.has_value() && cell.fork.has_value());
    if (!woken || !cell.fork) continue;
    EXPECT_EQ(woken->role, cell.fork->after == Phase::capture ? "capture" : "system");
    random.insert(woken->random);
    all.push_back(*woken);
  }
  EXPECT_THAT(all, SizeIs(forked.cells.size()));
  EXPECT_THAT(random, SizeIs(forked.cells.size()));
  return all;
}

} // namespace

TEST(TemplateEndToEnd, ForksOfAProbedGuestShowWhatColdCellsShow) {
  Place place;
  auto forked = compare(place, k_triggers, Phase::probe);
  auto all = all_awake(place, forked);
  ASSERT_THAT(all, SizeIs(forked.cells.size()));
  for (std::size_t i = 0; i < all.size(); ++i) { // without a clock it stays 1970 until the trigger sets the time
    EXPECT_LT(all[i].time, k_a_day);
    EXPECT_GE(std::stoll(to_string(forked.cells[i].observed.at("vmcore.crash_time"))), all[i].asked);
  }
  std::set<std::string> nonces;
  for (const auto& cell : forked.cells) {
    nonces.insert(to_string(cell.observed.at("trigger.nonce")));
    EXPECT_THAT(of_cell(place, cell, "console.log"), HasSubstr("Booting Linux on physical CPU"));
    EXPECT_THAT(of_cell(place, cell, "qemu.args"), HasSubstr("memory-backend-ram"));
  }
  EXPECT_EQ(nonces.size(), forked.cells.size());
  EXPECT_THAT(read_file(place.path() / "forked/summary.md"), HasSubstr("3 cells are forks of 1 template"));
}

TEST(TemplateEndToEnd, ForksOfACaptureKernelShowWhatColdCellsShow) {
  Place place;
  auto forked = compare(place, k_dumps, Phase::capture);
  for (const auto& woken : all_awake(place, forked)) EXPECT_LT(woken.time, k_a_day);
}

TEST(TemplateEndToEnd, ForksOfAGuestWithAClockKnowWhatTimeItIs) {
  constexpr std::int64_t k_close = 2; // a clock of whole seconds, and a host that is busy
  Place place;
  auto built = run_kdt(place, {"images", "build", "debian-13"}, k_build_budget);
  if (!built.status.success()) GTEST_SKIP() << "there is no kernel with a clock: " << built.err;
  auto begin = std::time(nullptr);
  // One after the other: the last fork of the capture kernel wakes when the third has saved.
  auto forked = run(place, place.write("clocks.yaml", matrix(k_clocks)).string(), "forked", {}, "1");
  auto end = std::time(nullptr);
  auto all = all_awake(place, forked);
  ASSERT_THAT(all, SizeIs(7)); // in the order of the matrix
  for (const auto& woken : all) {
    EXPECT_GE(woken.asked, begin);
    EXPECT_LE(woken.asked, end);
    EXPECT_GE(woken.time, woken.asked);
    EXPECT_LE(woken.time, woken.asked + k_close);
  }
  // A clock that went on where it froze would be this late: else the above would hold without anybody setting it.
  auto [early, late] =
      std::minmax_element(all.begin() + 2, all.end(), [](auto& a, auto& b) { return a.asked < b.asked; });
  EXPECT_GT(late->asked - early->asked, k_close);
  EXPECT_EQ(forked.cells[0].fork->after, Phase::probe);
  EXPECT_EQ(forked.cells[2].fork->after, Phase::capture);
}

TEST(TemplateEndToEnd, AQemuThatCannotMigrateMeansColdCellsThatSaySo) {
  Place place;
  auto outcome = run_with_refusing_qemu(place, "memory-backend-file"); // what has a RAM file: the template
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("3 cells boot instead"));
  for (const auto& cell : read_run(place.path() / "run").cells) {
    EXPECT_EQ(cell.verdict, Verdict::pass);
    EXPECT_FALSE(cell.fork.has_value());
    EXPECT_THAT(cell.not_forked, StartsWith("template probe-"));
  }
}

TEST(TemplateEndToEnd, AForkThatDoesNotStartIsBootedInsteadAndSaysSo) {
  Place place;
  auto outcome = run_with_refusing_qemu(place, "-incoming"); // what is to load a state: the forks
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("it was booted instead"));
  for (const auto& cell : read_run(place.path() / "run").cells) {
    EXPECT_EQ(cell.verdict, Verdict::pass);
    EXPECT_FALSE(cell.fork.has_value());
    EXPECT_THAT(cell.not_forked, StartsWith("a fork of probe-"));
  }
}

TEST(TemplateEndToEnd, AForkThatIsKilledWhileItWaitsForItsTurnIsBootedInsteadAndSaysSo) {
  Place place;
  auto slow = matrix(k_triggers); // the other one saves for long
  slow.replace(slow.find("rodata: full"), 12, "rodata: full, filter: 1");
  Program program(place, {"run", place.write("forks.yaml", slow).string(), "-j", "1", "--out", "run"});
  std::optional<int> victim;
  auto waits = [&] {
    if (in_phase(place.path() / "run", Phase::save)) victim = waiting_fork(program);
    return victim.has_value();
  };
  ASSERT_TRUE(program.wait_until(waits, Deadline::after(k_run_budget))) << program.err();
  ASSERT_EQ(::kill(*victim, SIGKILL), 0);
  auto outcome = program.finish(Deadline::after(k_run_budget));
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("before its turn came QEMU ended with signal 9 (Killed); it was booted instead"));
  auto cells = read_run(place.path() / "run").cells;
  EXPECT_THAT(cells, SizeIs(3));
  EXPECT_EQ(std::ranges::count_if(cells, [](const CellResult& cell) { return !cell.fork; }), 1);
}

} // namespace kdt::e2e
