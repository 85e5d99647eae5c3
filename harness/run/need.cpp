#include "run/need.hpp"

#include "base/text.hpp"
#include "matrix/crashkernel.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::run {

namespace {

/// The bits from 16 on leave out free pages, most of what a guest holds that has just booted.
bool small_dump(const DumpSettings& dump) {
  return dump.filter >= 16 && dump.format != "copy";
}

/// The dump is copied out of a file system, or put together, before it can be read.
bool needs_collecting(const DumpSettings& dump) {
  return dump.target != "raw" || dump.split > 1;
}

/// What the kernel may set aside for the crash kernel, and the probe then touches.
ByteSize region_size(const CellParameters& parameters) {
  if (!parameters.crashkernel) return {};
  auto request = matrix::read_crashkernel(split(*parameters.crashkernel, ' '), parameters.memory);
  auto size = request.size.value_or(ByteSize{});
  // ,high brings a companion below 4 GiB: 128 MiB, or 256 MiB with swiotlb's and the page size's rounding.
  bool companion = request.form.find("high") != std::string::npos;
  auto low = request.low.value_or(companion ? ByteSize::mib(256) : ByteSize{});
  // A size that is not below the guest's memory is refused: nothing is touched then.
  return size < parameters.memory ? std::min(size + low, parameters.memory) : ByteSize{};
}

} // namespace

ByteSize dump_disk_size(const CellParameters& parameters) {
  // A dump at level 31 is a small part of memory, one at level 0 all of it; a flattened stream adds 16 bytes a record.
  return {parameters.memory.bytes + parameters.memory.bytes / 8 + ByteSize::mib(256).bytes};
}

ByteSize dump_space_needed(const CellParameters& parameters) {
  auto once = small_dump(parameters.dump) ? ByteSize{ByteSize::mib(128).bytes + parameters.memory.bytes / 64}
                                          : dump_disk_size(parameters);
  return needs_collecting(parameters.dump) ? once + once : once;
}

Need first_guess(const CellParameters& parameters, machine::Accelerator accelerator) {
  constexpr std::uint64_t base = 300'000'000;
  double gib = static_cast<double>(parameters.memory.bytes) / static_cast<double>(ByteSize::gib(1).bytes);
  bool tcg = accelerator == machine::Accelerator::tcg;
  double tcg_seconds = 4 + 0.4 * gib; // 4 s at 4 GiB, 113 s at 256 GiB
  // TCG runs all vCPUs in one thread unless it is told else; where each is one, two share a processor well: much runs
  // on one.
  bool one_thread = tcg && parameters.tcg_threads == "single";
  return {.slots = one_thread ? 1 : std::max(1U, (parameters.cpus + 1) / 2),
          .memory = {base + parameters.memory.bytes / 50 + region_size(parameters).bytes},
          .disk = dump_space_needed(parameters),
          .seconds = tcg ? tcg_seconds : tcg_seconds / 5};
}

std::string cell_class(const CellParameters& parameters, machine::Accelerator accelerator) {
  const auto& dump = parameters.dump;
  return fmt::format("{} {} cpus={} cpu={} '{}' '{}' {} {} {}/{}/{}/{}/{}/{} shrink={} {}{}{}", parameters.kernel,
                     to_string(parameters.memory), parameters.cpus, parameters.cpu, system_cmdline(parameters),
                     parameters.capture_cmdline, parameters.loader, parameters.trigger, dump.filter, dump.compression,
                     dump.format, dump.target, dump.threads, dump.split,
                     parameters.shrink ? to_string(*parameters.shrink) : "no", machine::to_string(accelerator),
                     parameters.capture_trigger.empty() ? "" : " then " + parameters.capture_trigger,
                     parameters.tcg_threads == "single" ? "" : " tcg_threads=" + parameters.tcg_threads);
}

ByteSize fork_growth(const CellParameters& parameters, ByteSize largest) {
  bool reads_all = !small_dump(parameters.dump) && parameters.memory.bytes <= largest.bytes / 2;
  return reads_all ? parameters.memory : ByteSize{};
}

std::string fork_class(Phase after) {
  return fmt::format(" forked after {}", to_string(after));
}

std::string size_class(const CellParameters& parameters, machine::Accelerator accelerator) {
  return fmt::format("{} cpus={} {} {}", to_string(parameters.memory), parameters.cpus,
                     small_dump(parameters.dump) ? "small-dump" : "large-dump", machine::to_string(accelerator));
}

} // namespace kdt::run
