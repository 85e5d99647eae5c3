#include "run/asks.hpp"

#include "kdt/protocol.hpp"
#include "run/observe.hpp"

#include <ctime>

namespace kdt::run {

namespace {

/// Both kernels print everything and, should they panic with nothing loaded, end the machine instead of hanging.
constexpr std::string_view k_common_cmdline = "console=ttyAMA0 panic=1";
/// One CPU is the arm64 default of kdump packages; reset_devices tells drivers that the hardware is in use.
constexpr std::string_view k_capture_cmdline = "maxcpus=1 reset_devices";

std::string words(std::initializer_list<std::string_view> parts) {
  std::string line;
  for (auto part : parts)
    if (!part.empty()) line += (line.empty() ? "" : " ") + std::string(part);
  return line;
}

std::vector<protocol::TriggerStep> steps_of(const std::vector<matrix::Trigger::Step>& steps) {
  std::vector<protocol::TriggerStep> taken;
  for (const auto& step : steps) taken.push_back({.act = step.act, .file = step.file, .text = step.text});
  return taken;
}

} // namespace

std::string system_kernel_cmdline(const CellParameters& parameters) {
  return words({k_common_cmdline, system_cmdline(parameters)});
}

std::string capture_kernel_cmdline(const CellParameters& parameters) {
  return words({k_common_cmdline, k_capture_cmdline, parameters.capture_cmdline});
}

machine::MachineSpec machine_spec(const Cell& cell, machine::Accelerator accelerator, const GuestFiles& files) {
  const auto& parameters = cell.parameters;
  auto drives = files.disks;
  drives.push_back({.serial = std::string(protocol::k_serial_image), .file = files.kernel, .read_only = true});
  drives.push_back({.serial = std::string(protocol::k_serial_initramfs), .file = files.initramfs, .read_only = true});
  return {.name = "kdt-" + cell.slug.substr(0, 100),
          .cpu = parameters.cpu,
          .cpus = parameters.cpus,
          .memory = parameters.memory,
          .accelerator = accelerator,
          .kernel = files.kernel,
          .initramfs = files.initramfs,
          .cmdline = system_kernel_cmdline(parameters),
          .dtb_randomness = parameters.dtb_randomness,
          .thread_per_cpu = parameters.tcg_threads == "multi",
          .drives = std::move(drives),
          .service = files.service};
}

protocol::LoadAsk load_ask(const CellParameters& parameters, ByteSize image, ByteSize initramfs) {
  protocol::LoadAsk ask{.loader = parameters.loader,
                        .cmdline = capture_kernel_cmdline(parameters),
                        .image_bytes = image.bytes,
                        .initramfs_bytes = initramfs.bytes,
                        .operations = load_operations(parameters)};
  if (parameters.initramfs_size) ask.initramfs_size = parameters.initramfs_size->bytes;
  return ask;
}

protocol::TriggerAsk trigger_ask(const CellParameters& parameters, const matrix::Trigger& trigger,
                                 const std::string& nonce) {
  return {.name = trigger.name,
          .nonce = nonce,
          .time = static_cast<std::uint64_t>(std::time(nullptr)),
          .cpu = parameters.trigger_cpu,
          .settings = steps_of(trigger.settings),
          .loads = trigger.loads,
          .steps = steps_of(trigger.steps)};
}

protocol::SaveAsk save_ask(const DumpSettings& dump, const protocol::SaveTarget& target,
                           machine::Accelerator accelerator) {
  return {.target = target,
          .filter = static_cast<unsigned>(dump.filter),
          .compression = dump.compression,
          .format = dump.format,
          .threads = dump.threads,
          .split = dump.split,
          .emulated = accelerator == machine::Accelerator::tcg};
}

} // namespace kdt::run
