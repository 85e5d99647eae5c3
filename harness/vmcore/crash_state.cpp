#include "vmcore/crash_state.hpp"

#include "base/text.hpp"
#include "vmcore/raw_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace kdt::vmcore {

namespace {

constexpr std::size_t k_longest_stack = 64;
constexpr std::uint64_t k_frame_bytes = 16;
constexpr std::uint64_t k_cpu_limit = 4096; // NR_CPUS of arm64 is at most that
constexpr std::size_t k_registers = 34;     // of elf_prstatus: x0 to x30, sp, pc, pstate
// An ELF note of name CORE: 12 bytes of header, 8 of name; in it, the registers stand at byte 112 of elf_prstatus.
constexpr std::uint64_t k_registers_at = 12 + 8 + 112;
constexpr std::size_t k_comm_bytes = 16; // TASK_COMM_LEN
constexpr std::size_t k_largest_task = 16384;

/// Kernel memory of a dump by the names of the kernel's symbols.
class Kernel {
public:
  Kernel(std::uint64_t offset, const LinkAddresses& symbols, const ReadMemory& read)
      : offset_(offset), symbols_(symbols), read_(read) {}

  std::optional<std::uint64_t> address(const std::string& name) const {
    auto found = symbols_.find(name);
    return found == symbols_.end() ? std::nullopt : std::optional(found->second + offset_);
  }

  template <typename T>
  std::optional<T> at(std::optional<std::uint64_t> where) const {
    T value{};
    return where && read_(*where, &value, sizeof value) ? std::optional(value) : std::nullopt;
  }

  /// What __per_cpu_offset says of a CPU; nullopt where it was never set: the CPU is not possible.
  std::optional<std::uint64_t> cpu_offset(std::uint64_t cpu) const {
    auto table = address("__per_cpu_offset");
    auto offset = table ? at<std::uint64_t>(*table + 8 * cpu) : std::nullopt;
    return offset && *offset != 0 ? offset : std::nullopt;
  }

  /// The text at an address up to its end or that of its line, of at most so many bytes; page boundaries do not matter.
  std::string text(std::optional<std::uint64_t> where, std::size_t most) const {
    std::string bytes;
    for (std::uint64_t i = 0; where && i < most; ++i) {
      auto c = at<char>(*where + i);
      if (!c || *c == '\0' || *c == '\n') break;
      bytes.push_back(*c);
    }
    return bytes;
  }

private:
  std::uint64_t offset_;
  const LinkAddresses& symbols_;
  const ReadMemory& read_;
};

/// The registers that the kernel saved for each CPU in its own memory.
std::map<std::uint64_t, std::vector<std::uint64_t>> kept_notes(const Kernel& kernel) {
  std::map<std::uint64_t, std::vector<std::uint64_t>> kept;
  auto notes = kernel.at<std::uint64_t>(kernel.address("crash_notes"));
  for (std::uint64_t cpu = 0; notes && cpu < k_cpu_limit; ++cpu) {
    auto offset = kernel.cpu_offset(cpu);
    if (!offset) break;
    auto registers = kernel.at<std::array<std::uint64_t, k_registers>>(*notes + *offset + k_registers_at);
    if (registers) kept[cpu] = {registers->begin(), registers->end()};
  }
  return kept;
}

/// Where a task_struct keeps its name: where init_task has "swapper/0".
std::optional<std::uint64_t> name_in_task(const Kernel& kernel) {
  constexpr std::string_view k_name("swapper/0\0", 10);
  auto task = kernel.address("init_task");
  std::string bytes;
  while (task && bytes.size() < k_largest_task) {
    auto piece = kernel.at<std::array<char, 64>>(*task + bytes.size());
    if (!piece) break;
    bytes.append(piece->begin(), piece->end());
  }
  auto found = bytes.find(k_name);
  return found == std::string::npos ? std::nullopt : std::optional<std::uint64_t>(found);
}

std::vector<std::uint64_t> unwind(const CpuRegisters& registers, const ReadMemory& read) {
  std::vector<std::uint64_t> stack{registers.pc};
  // Below the kernel's half of the address space it was user space that ran.
  if (registers.pc >> 55 == 0) return stack;
  if (registers.lr != 0) stack.push_back(registers.lr);
  for (auto frame = registers.fp; frame != 0 && frame % k_frame_bytes == 0 && stack.size() < k_longest_stack;) {
    std::array<std::uint64_t, 2> record{}; // the caller's frame, and where this function returns
    if (!read(frame, record.data(), sizeof record) || record[1] == 0) break;
    bool again = stack.size() == 2 && record[1] == registers.lr; // the link register was saved already
    if (!again) stack.push_back(record[1]);
    if (record[0] == frame) break;
    frame = record[0];
  }
  return stack;
}

} // namespace

const std::vector<std::string>& crash_symbols() {
  static const std::vector<std::string> k_names{"_text",       "_stext",           "linux_banner", "panic_cpu",
                                                "crash_notes", "__per_cpu_offset", "__entry_task", "init_task"};
  return k_names;
}

CrashState read_crash_state(const VmcoreInfo& info, const std::vector<CpuRegisters>& notes,
                            const LinkAddresses& symbols, const ReadMemory& read) {
  CrashState state;
  state.text = info.symbol("_stext");
  state.kernel_offset = info.hexadecimal("KERNELOFFSET");
  Kernel kernel(state.kernel_offset.value_or(0), symbols, read);
  constexpr std::size_t k_longest_banner = 256;
  state.banner = printable(kernel.text(kernel.address("linux_banner"), k_longest_banner));
  auto panic_cpu = kernel.at<std::int32_t>(kernel.address("panic_cpu"));
  if (panic_cpu && *panic_cpu >= 0) state.panic_cpu = *panic_cpu; // -1 is PANIC_CPU_INVALID
  auto kept = kept_notes(kernel);
  state.notes_kept = !kept.empty();
  auto name = name_in_task(kernel);
  for (const auto& note : notes) {
    CpuState cpu{.stack = unwind(note, read), .cpu = {}, .task = {}, .task_missing = false};
    auto same = std::ranges::find_if(kept, [&](const auto& one) { return one.second == note.registers; });
    if (same != kept.end()) {
      cpu.cpu = same->first;
      auto entry = kernel.address("__entry_task");
      auto task = entry ? kernel.at<std::uint64_t>(*entry + *kernel.cpu_offset(same->first)) : std::nullopt;
      if (task && name) cpu.task = printable(kernel.text(*task + *name, k_comm_bytes));
      cpu.task_missing = task && name && !kernel.at<char>(*task + *name);
    }
    state.cpus.push_back(std::move(cpu));
  }
  return state;
}

namespace {
nlohmann::ordered_json optional_number(const std::optional<std::uint64_t>& number) {
  return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json();
}
std::optional<std::uint64_t> number_from(const nlohmann::ordered_json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<std::uint64_t>());
}
} // namespace

nlohmann::ordered_json to_json(const CrashState& state) {
  auto cpus = nlohmann::ordered_json::array();
  for (const auto& cpu : state.cpus)
    cpus.push_back({{"stack", cpu.stack},
                    {"cpu", optional_number(cpu.cpu)},
                    {"task", cpu.task},
                    {"task_missing", cpu.task_missing}});
  return {{"kernel_offset", optional_number(state.kernel_offset)},
          {"text", optional_number(state.text)},
          {"banner", state.banner},
          {"panic_cpu", optional_number(state.panic_cpu)},
          {"notes_kept", state.notes_kept},
          {"cpus", cpus}};
}

CrashState crash_state_from_json(const nlohmann::ordered_json& json) {
  CrashState state{.kernel_offset = number_from(json.at("kernel_offset")),
                   .text = number_from(json.at("text")),
                   .banner = json.at("banner"),
                   .panic_cpu = number_from(json.at("panic_cpu")),
                   .notes_kept = json.at("notes_kept"),
                   .cpus = {}};
  for (const auto& cpu : json.at("cpus"))
    state.cpus.push_back({.stack = cpu.at("stack").get<std::vector<std::uint64_t>>(),
                          .cpu = number_from(cpu.at("cpu")),
                          .task = cpu.at("task"),
                          .task_missing = cpu.at("task_missing")});
  return state;
}

} // namespace kdt::vmcore
