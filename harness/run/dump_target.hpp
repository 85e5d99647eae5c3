#pragma once

#include "base/deadline.hpp"
#include "base/scratch_file.hpp"
#include "kdt/records.hpp"
#include "machine/machine.hpp"
#include "model/cell.hpp"
#include "model/finding.hpp"
#include "run/ssh_server.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace kdt::run {

/// mke2fs and its like, which may live where only root's PATH leads.
std::optional<fs::path> find_system_program(std::string_view name);

/// The host's side of where a cell's dump goes: disks, or a file that comes by ssh, without a name, so that nothing of
/// them is ever left over. What the guest wrote is foreign: the programs that read it run with limits and no network.
class DumpTarget {
public:
  /// Makes the disks, one for each part of a split dump, and the file system that the guest is to find on one.
  /// Throws Error{infra}, Interrupted.
  DumpTarget(const DumpSettings& dump, ByteSize disk_size, fs::path directory, std::stop_token stop);

  /// The guest's drives, in the order of the parts.
  std::vector<machine::Drive> drives() const;
  /// The network that the guest needs to reach us; none for disks.
  std::optional<machine::Service> service() const;
  /// The guest has its end of the network.
  void guest_started();
  /// What the agent is told.
  protocol::SaveTarget ask() const;
  /// Bytes of the host's disk that they occupy.
  ByteSize occupied() const;

  /// Makes one file of what the guest left: takes it out of the file system without mounting it, puts parts together.
  /// Returns what speaks against the target; after a gravest finding there is no dump(). Throws Error{infra} when the
  /// host cannot do its part, Interrupted.
  std::vector<Finding> collect(Deadline deadline);
  /// Of a file system, once collected: has it no fault?
  std::optional<bool> clean() const { return clean_; }
  /// The dump; for a raw disk that disk itself.
  fs::path dump() const;

  /// Gives the dump a name, cut at `size`; throws Error{infra}.
  void keep_dump(const fs::path& name, ByteSize size) const;
  /// Gives the first disk a name; throws Error{infra}.
  void keep_disk(const fs::path& name) const;

private:
  const ScratchFile& file() const;
  void make_file_system() const;
  std::vector<Finding> check_file_system(Deadline deadline);
  std::vector<Finding> take_out(Deadline deadline);
  std::vector<Finding> put_together(Deadline deadline);

  DumpSettings settings_;
  fs::path directory_;
  std::stop_token stop_;
  ByteSize disk_size_;
  std::vector<ScratchFile> disks_;
  std::vector<ScratchFile> parts_;      ///< taken out of the file system
  std::optional<ScratchFile> together_; ///< made of several parts
  std::optional<bool> clean_;
  std::unique_ptr<SshServer> ssh_;
};

} // namespace kdt::run
