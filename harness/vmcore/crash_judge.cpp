#include "vmcore/crash_judge.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kdt::vmcore {

namespace {

/// A kernel with pointer authentication signs return addresses in the bits above its virtual address size.
std::optional<std::string> name_of(std::uint64_t address, std::uint64_t text, const KernelMap& map) {
  for (std::uint64_t sign : {0ull, 0xffff'0000'0000'0000ull, 0xfff0'0000'0000'0000ull})
    if (auto found = (address | sign) >= text ? map.name((address | sign) - text) : std::nullopt) return found;
  return std::nullopt;
}

/// What the log says of the CPU that crashed: "CPU: 1 PID: 77 Comm: sh Not tainted …" (since v6.13 with UID between).
struct LoggedTask {
  std::optional<std::uint64_t> cpu;
  std::string task;
};

/// Every such line from the panic on: a CPU that is stopped, or that sees a stall meanwhile, may have one, too.
std::vector<LoggedTask> logged_tasks(std::string_view log, std::string_view panic) {
  std::vector<LoggedTask> tasks;
  auto begin = panic.empty() ? std::string_view::npos : log.find(panic);
  if (begin == std::string_view::npos) return tasks;
  log.remove_prefix(begin);
  for (const std::string_view line : split(log, '\n')) {
    auto cpu = line.find("] CPU: "), comm = line.find(" Comm: ");
    if (cpu == std::string_view::npos || comm == std::string_view::npos || comm < cpu) continue;
    LoggedTask logged;
    auto digits = line.substr(cpu + 7, comm - cpu - 7);
    std::uint64_t number = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc()) logged.cpu = number;
    // A name may hold spaces; what follows it does not vary.
    auto rest = line.substr(comm + 7);
    auto end = std::min({rest.find(" Not tainted"), rest.find(" Tainted:"), rest.find(" Kdump:"), rest.size()});
    logged.task = std::string(rest.substr(0, end));
    tasks.push_back(std::move(logged));
  }
  return tasks;
}

std::vector<std::string> order_of(const CrashState& state, const std::vector<CpuRegisters>& notes) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < state.cpus.size(); ++i) {
    const auto& cpu = state.cpus[i].cpu;
    lines.push_back(fmt::format("note {} (pc {:#x}, sp {:#x}) is {}", i, notes[i].pc, notes[i].sp,
                                cpu ? fmt::format("what CPU {} saved", *cpu) : "what no CPU saved"));
  }
  return lines;
}

} // namespace

std::vector<std::string> named(const std::vector<std::uint64_t>& stack, const CrashState& state, const KernelMap& map) {
  std::vector<std::string> names;
  auto text = map.addresses.find("_text");
  for (auto address : stack) {
    constexpr std::uint64_t k_call = 4;
    if (!names.empty() && address >= k_call) address -= k_call;
    auto name = text == map.addresses.end() ? std::nullopt
                                            : name_of(address, text->second + state.kernel_offset.value_or(0), map);
    names.push_back(name.value_or(fmt::format("{:#x}", address)));
  }
  return names;
}

const CpuState* crashed_cpu(const CrashState& state) {
  if (!state.panic_cpu) return nullptr;
  auto found = std::ranges::find(state.cpus, state.panic_cpu, &CpuState::cpu);
  return found == state.cpus.end() ? nullptr : &*found;
}

std::vector<Finding> judge_kernel_offset(const CrashState& state, std::string_view release, const KernelMap& map,
                                         bool whole) {
  auto one = [](std::string text) { return std::vector{make_finding("vmcore-kaslr", std::move(text))}; };
  auto linked = map.addresses.find("_stext");
  if (state.kernel_offset && state.text && linked != map.addresses.end() &&
      linked->second + *state.kernel_offset != *state.text)
    return one(fmt::format("vmcoreinfo says that KASLR moved the kernel by {:#x}, and that _stext is at {:#x}: "
                           "it was linked at {:#x}",
                           *state.kernel_offset, *state.text, linked->second));
  if (state.banner.empty() && !whole) return {};
  auto banner = fmt::format("Linux version {} ", release);
  if (map.addresses.contains("linux_banner") && !state.banner.starts_with(banner))
    return one(fmt::format("where the kernel's banner should be, with an offset of {:#x}, stands '{}'",
                           state.kernel_offset.value_or(0), state.banner));
  return {};
}

std::vector<Finding> judge_crash(const CrashState& state, const std::vector<CpuRegisters>& notes, std::string_view log,
                                 std::string_view panic, const KernelMap& map) {
  std::vector<Finding> findings;
  auto known = [](const CpuState& cpu) { return cpu.cpu.has_value(); };
  if (state.notes_kept && state.cpus.size() == notes.size() &&
      (!std::ranges::all_of(state.cpus, known) || !std::ranges::is_sorted(state.cpus, std::less(), &CpuState::cpu)))
    findings.push_back(make_finding("vmcore-cpu-notes", "the registers in the notes are not those that the CPUs saved",
                                    order_of(state, notes)));
  const auto* crashed = crashed_cpu(state);
  if (crashed == nullptr) return findings;
  auto stack = named(crashed->stack, state, map);
  if (std::ranges::all_of(stack, [](const auto& place) { return place.starts_with("0x"); }))
    findings.push_back(make_finding("vmcore-crash-stack",
                                    fmt::format("the stack of CPU {}, which panicked, leads to no function of the "
                                                "kernel",
                                                *state.panic_cpu),
                                    std::move(stack)));
  if (crashed->task_missing)
    findings.push_back(make_finding("vmcore-task-missing",
                                    fmt::format("the task_struct of the task that panicked on CPU {} is not whole in "
                                                "the vmcore",
                                                *state.panic_cpu)));
  auto logged = logged_tasks(log, panic);
  auto agrees = [&](const LoggedTask& one) {
    return (!one.cpu || *one.cpu == *state.panic_cpu) && (crashed->task.empty() || one.task == crashed->task);
  };
  if (!logged.empty() && std::ranges::none_of(logged, agrees))
    findings.push_back(make_finding(
        "vmcore-task",
        fmt::format("memory says that CPU {} panicked in task '{}', the log that CPU {} did in '{}'", *state.panic_cpu,
                    crashed->task, logged.front().cpu ? fmt::format("{}", *logged.front().cpu) : "?",
                    logged.front().task)));
  return findings;
}

void observe_crash(const CrashState& state, std::string_view log, std::string_view panic, const KernelMap& map,
                   Facts& facts) {
  if (state.kernel_offset) facts["vmcore.kernel_offset"] = static_cast<std::int64_t>(*state.kernel_offset);
  std::vector<std::string> stands;
  for (const auto& cpu : state.cpus) {
    if (!cpu.cpu || cpu.stack.empty()) continue;
    stands.push_back(fmt::format("{}: {} in {}", *cpu.cpu, named({cpu.stack.front()}, state, map).front(),
                                 cpu.task.empty() ? "an unknown task" : cpu.task));
  }
  if (state.notes_kept) facts["vmcore.cpu_stands"] = stands;
  if (state.panic_cpu) facts["vmcore.crashed_cpu"] = static_cast<std::int64_t>(*state.panic_cpu);
  if (const auto* crashed = crashed_cpu(state)) {
    auto task = crashed->task;
    for (const auto& one : logged_tasks(log, panic))
      if (task.empty() && one.cpu == state.panic_cpu) task = printable(one.task);
    if (!task.empty()) facts["vmcore.crashed_task"] = task;
    if (state.notes_kept) facts["vmcore.task_missing"] = crashed->task_missing;
    facts["vmcore.crash_stack"] = named(crashed->stack, state, map);
  }
}

} // namespace kdt::vmcore
