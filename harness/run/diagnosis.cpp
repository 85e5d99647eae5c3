#include "run/diagnosis.hpp"

#include <algorithm>
#include <array>

namespace kdt::run {

namespace {

using console::Stage;

/// What it means that a CPU which does not wait, or one that waits, has this function innermost or among its callers.
struct Standing {
  std::string_view function;
  std::string_view meaning;
  std::string_view source;
};

constexpr auto k_standings = std::to_array<Standing>({
    {"__no_granule_support", "the CPU model has no pages of the size that the kernel was built for",
     "arch/arm64/kernel/head.S"},
    {"__cpu_secondary_check52bitva", "a CPU lacks the 52-bit addresses that the boot CPU has",
     "arch/arm64/kernel/head.S"},
    {"queued_spin_lock_slowpath", "a CPU waits for a spinlock that is never released", "kernel/locking/qspinlock.c"},
    {"smp_call_function_many_cond", "a CPU waits for another one that does not answer", "kernel/smp.c"},
    {"multi_cpu_stop", "the CPUs wait for each other in stop_machine()", "kernel/stop_machine.c"},
    {"mount_block_root", "the kernel waits for its root disk", "init/do_mounts.c"},
    {"wait_for_device_probe", "the kernel waits for a device driver", "drivers/base/dd.c"},
    {"panic", "the kernel has panicked and did not leave", "kernel/panic.c"},
    {"vpanic", "the kernel has panicked and did not leave", "kernel/panic.c, since 6.15"},
    {"machine_kexec", "the kernel is on its way out and did not arrive", "arch/arm64/kernel/machine_kexec.c"},
});

constexpr std::size_t k_places = 3;           // of a call chain in a sentence; the summary has all
constexpr std::string_view k_agent = "/init"; // of the initramfs that kdt makes

/// Where the CPUs stand that were stopped for the crash, or that are off.
constexpr std::array<std::string_view, 7> k_parked{
    "cpu_park_loop",        "cpu_die",         "cpu_psci_cpu_die", "psci_0_2_cpu_off", "__invoke_psci_fn_hvc",
    "__invoke_psci_fn_smc", "cpu_panic_kernel"};

bool stands_in(const CpuState& cpu, std::string_view function) {
  return std::ranges::any_of(cpu.chain, [&](const Whereabouts& place) { return place.function() == function; });
}

bool any_in(const Stuck& stuck, Code code) {
  return std::ranges::any_of(stuck.cpus, [&](const CpuState& cpu) { return cpu.chain.front().code == code; });
}

/// Stopped for the crash, off, or never started: it tells nothing.
bool parked(const CpuState& cpu) {
  return cpu.chain.front().code == Code::unknown || stopped(cpu);
}

/// The first CPU that waits, or that does not; nullptr when there is none.
const CpuState* first(const Stuck& stuck, bool waits) {
  auto found =
      std::ranges::find_if(stuck.cpus, [&](const CpuState& cpu) { return cpu.waits == waits && !parked(cpu); });
  return found == stuck.cpus.end() ? nullptr : &*found;
}

std::string by_symbols(const Stuck& stuck) {
  for (const auto& standing : k_standings)
    for (const auto& cpu : stuck.cpus)
      if (!parked(cpu) && stands_in(cpu, standing.function))
        return fmt::format("{} ({})", standing.meaning, describe(cpu, k_places));
  return "";
}

/// All CPUs wait: for what, as far as it is known how far the kernel came.
std::string idle(const Stuck& stuck, const CpuState& cpu) {
  auto where = describe(cpu, k_places);
  if (stuck.hello)
    return fmt::format("the kernel is idle: kdt's agent, its process 1, or a tool that it started, does not go on ({})",
                       where);
  if (!stuck.init.empty())
    return fmt::format("the kernel is idle: it has started {}, which did not say hello ({})", stuck.init, where);
  return fmt::format("all CPUs wait: {} for a device or a program that does not answer ({})",
                     to_string(cpu.chain.front().code), where);
}

/// After the panic, and nothing of a capture kernel on the console.
std::string in_the_black_hole(const Stuck& stuck) {
  if (any_in(stuck, Code::purgatory))
    return "the capture kernel never began: the CPU stands in kexec's purgatory, which spins for ever when the loaded "
           "segments fail its check (they were changed after the load), or is still at it (under TCG a second for each "
           "MiB)";
  if (!any_in(stuck, Code::capture_kernel)) return "";
  for (const auto& cpu : stuck.cpus)
    if (cpu.chain.front().code == Code::capture_kernel)
      return cpu.waits ? fmt::format("the capture kernel runs and is idle though it never printed: its console= or "
                                     "loglevel= hides it ({})",
                                     describe(cpu, k_places))
                       : fmt::format("the capture kernel began and stopped before it could print: too little memory, "
                                     "or a command line that it cannot start with ({})",
                                     describe(cpu, k_places));
  return "";
}

} // namespace

bool stopped(const CpuState& cpu) {
  return std::ranges::any_of(k_parked, [&](auto function) { return stands_in(cpu, function); });
}

Stage kernel_of(Phase phase) {
  return phase >= Phase::capture ? Stage::panicked : Stage::firmware;
}

std::string in_words(const console::LineClass& trouble) {
  return fmt::format("{} ({})", trouble.meaning, trouble.cause);
}

std::string stuck_in(const Stuck& stuck) {
  if (any_in(stuck, Code::purgatory)) return "purgatory";
  return any_in(stuck, Code::capture_kernel) ? "capture_kernel" : "other";
}

bool other_init(const Stuck& stuck) {
  return !stuck.hello && !stuck.init.empty() && stuck.init != k_agent;
}

std::string likely_cause(const Stuck& stuck) {
  if (other_init(stuck))
    return fmt::format("PID 1 is {}, not kdt's agent (rdinit= or init= on the command line)", stuck.init);
  if (stuck.trouble != nullptr) return fmt::format("{}: '{}'", in_words(*stuck.trouble->what), stuck.trouble->line);
  bool silent = stuck.stage == Stage::panicked || stuck.stage == Stage::leaving;
  if (auto cause = silent && stuck.phase >= Phase::capture ? in_the_black_hole(stuck) : ""; !cause.empty())
    return cause;
  if (auto cause = by_symbols(stuck); !cause.empty()) return cause;
  if (const auto* cpu = first(stuck, false); cpu != nullptr)
    return cpu->chain.front().code == Code::user
               ? fmt::format("a program in the guest runs and does not get on ({})", describe(*cpu, k_places))
               : fmt::format("a CPU runs and does not get on: {}", describe(*cpu, k_places));
  if (const auto* cpu = first(stuck, true); cpu != nullptr) return idle(stuck, *cpu);
  return "";
}

} // namespace kdt::run
