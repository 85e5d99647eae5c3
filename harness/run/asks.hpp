#pragma once

#include "kdt/records.hpp"
#include "kdt/trigger.hpp"
#include "machine/machine.hpp"
#include "matrix/triggers.hpp"
#include "model/cell.hpp"

#include <filesystem>
#include <string>

namespace kdt::run {

/// What a cell's guest is and is told, as functions of the cell alone: the phases use them, and repro.sh, which does
/// the same without kdt.

/// The system kernel's whole command line.
std::string system_kernel_cmdline(const CellParameters& parameters);
/// The capture kernel's.
std::string capture_kernel_cmdline(const CellParameters& parameters);

/// What a guest is made of; the dump goes to the disks or to the service.
struct GuestFiles {
  std::filesystem::path kernel;
  std::filesystem::path initramfs;
  std::vector<machine::Drive> disks{};
  std::optional<machine::Service> service{};
};
/// Without error_log.
machine::MachineSpec machine_spec(const Cell& cell, machine::Accelerator accelerator, const GuestFiles& files);

/// The sizes are those of the files that are loaded.
protocol::LoadAsk load_ask(const CellParameters& parameters, ByteSize image, ByteSize initramfs);
/// The clock of the guest is set to now.
protocol::TriggerAsk trigger_ask(const CellParameters& parameters, const matrix::Trigger& trigger,
                                 const std::string& nonce);
protocol::SaveAsk save_ask(const DumpSettings& dump, const protocol::SaveTarget& target,
                           machine::Accelerator accelerator);

} // namespace kdt::run
