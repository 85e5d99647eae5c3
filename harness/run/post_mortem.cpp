#include "run/post_mortem.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "run/phases.hpp"

#include <algorithm>

namespace kdt::run {

namespace {

/// QEMU's virt machine puts an Image of text offset 0 here (hw/arm/boot.c, load_aarch64_image).
constexpr std::uint64_t k_emulators_choice = 0x40200000;
/// A memory dump reads all of the guest's memory, a second a GiB; of larger guests it would take minutes.
constexpr ByteSize k_largest_memory_dump = ByteSize::gib(16);

std::vector<protocol::IomemRange> named(const std::vector<protocol::IomemRange>& iomem, std::string_view name) {
  std::vector<protocol::IomemRange> found;
  std::ranges::copy_if(iomem, std::back_inserter(found), [&](const auto& range) { return range.name == name; });
  std::ranges::sort(found, {}, &protocol::IomemRange::start);
  return found;
}

/// Zero pages are stored once, the others compressed; this is what remains in the worst case seen, and some.
ByteSize memory_dump_space(ByteSize memory) {
  return {memory.bytes / 2 + ByteSize::mib(64).bytes};
}

} // namespace

KernelPlaces kernel_places(const std::vector<protocol::IomemRange>& system_iomem,
                           const std::vector<protocol::IomemRange>& capture_iomem, const std::string& loader) {
  KernelPlaces places{.system = k_emulators_choice, .purgatory = loader == "kexec_load"};
  if (auto code = named(system_iomem, "Kernel code"); !code.empty()) places.system = image_start(code.front().start);
  for (const auto& range : named(system_iomem, "Crash kernel"))
    places.crash_regions.push_back({{range.start}, {range.last + 1}});
  // Of two regions the upper one is the main one, and either loader puts the kernel at its start.
  if (!places.crash_regions.empty()) places.capture = places.crash_regions.back().start.value;
  if (auto code = named(capture_iomem, "Kernel code"); !code.empty()) places.capture = image_start(code.front().start);
  return places;
}

std::string post_mortem_text(const Stuck& stuck, const std::string& how, const std::vector<std::string>& last_lines) {
  auto cause = likely_cause(stuck);
  auto text = fmt::format("phase {}, console stage {}\nstuck: {}\nlikely cause: {}\n\n", to_string(stuck.phase),
                          to_string(stuck.stage), how.empty() ? "unknown" : how, cause.empty() ? "unknown" : cause);
  for (const auto& cpu : stuck.cpus)
    text += fmt::format("{}{}\n", describe(cpu), stopped(cpu) ? " (normal for a stopped CPU)" : "");
  text += "\nthe last lines of the console:\n";
  for (const auto& line : last_lines) text += "  " + line + "\n";
  return text;
}

std::string registers_text(const std::vector<machine::CpuRegisters>& registers) {
  std::string text;
  for (const auto& cpu : registers) {
    text += fmt::format("CPU {} pc {:#x}{}\n", cpu.cpu, cpu.pc, cpu.waits ? " (behind WFI or WFE)" : "");
    for (const auto& place : cpu.chain)
      text += fmt::format("  {:#018x} physical {}\n", place.address,
                          place.physical ? fmt::format("{:#x}", *place.physical) : "unknown");
    text += cpu.text + "\n";
  }
  return text;
}

std::optional<Stuck> CellRun::post_mortem(Phase phase) {
  auto role = phase >= Phase::capture ? protocol::role::capture : protocol::role::system;
  Stuck stuck{.phase = phase,
              .stage = session_->tracker().stage(),
              .trouble = session_->tracker().most_telling(kernel_of(phase)),
              .hello = session_->hello(role).has_value(),
              .init = session_->tracker().init(),
              .cpus = {}};
  if (!machine_ || session_->ended()) return stuck;
  std::vector<machine::CpuRegisters> registers;
  try {
    registers = machine_->registers(machine::Depth::chains, Deadline::after(timeouts_.monitor));
  } catch (const Error& error) {
    log_.add("post-mortem", {{"error", printable(error.what())}});
    return std::nullopt;
  }
  try {
    auto places = kernel_places(iomem_, capture_iomem_, cell_.parameters.loader);
    auto symbols = kernel_symbols();
    places.symbols = symbols.get();
    for (const auto& cpu : registers) stuck.cpus.push_back(cpu_state(cpu, places));
    auto directory = context_.directory / "post-mortem";
    make_directories(directory);
    write_file(directory / "summary.txt", post_mortem_text(stuck, session_->stuck(), session_->last_lines()));
    write_file(directory / "registers.txt", registers_text(registers));
    result_.artifacts["post_mortem"] = "post-mortem/summary.txt";
    result_.artifacts["registers"] = "post-mortem/registers.txt";
    keep_memory(directory / "memory.kdump");
  } catch (const Error& error) { // it explains less, that is all
    log_.add("post-mortem", {{"error", printable(error.what())}});
  }
  return stuck;
}

std::shared_ptr<const image::Symbols> CellRun::kernel_symbols() {
  if (symbols_) return *symbols_;
  symbols_ = nullptr;
  try {
    if (!context_.kernel.system_map.empty()) symbols_ = std::make_shared<image::Symbols>(context_.kernel.system_map);
  } catch (const Error& error) {
    log_.add("post-mortem", {{"error", printable(error.what())}});
  }
  return *symbols_;
}

void CellRun::keep_memory(const fs::path& file) {
  auto memory = cell_.parameters.memory;
  if (context_.keep != Keep::all) return;
  if (memory > k_largest_memory_dump || free_space(file.parent_path()) < memory_dump_space(memory)) {
    log_.add("post-mortem", {{"text", "guest memory was not kept: it is too large, or the disk too full"}});
    return;
  }
  try {
    machine_->dump_memory(file, Deadline::after(timeouts_.memory_dump));
  } catch (...) { // half of it is of no use
    std::error_code ignored;
    fs::remove(file, ignored);
    throw;
  }
  result_.artifacts["memory"] = "post-mortem/memory.kdump";
}

} // namespace kdt::run
