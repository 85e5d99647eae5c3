#pragma once

#include "drives.hpp"
#include "kdt/records.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace kdt::agent {

/// Where a dump goes: one drive for each part of it, or files of a file system that the host made on the first drive.
class DumpTarget {
public:
  /// Finds the drives and mounts what is to be mounted; throws Trouble, protocol::ShapeError for an unknown kind.
  DumpTarget(const protocol::SaveTarget& target, unsigned parts);
  /// Unmounts if finish() has not.
  ~DumpTarget();
  DumpTarget(const DumpTarget&) = delete;
  DumpTarget& operator=(const DumpTarget&) = delete;

  /// What the dump tool is to write to, one for each part.
  const std::vector<std::string>& files() const { return files_; }
  /// Bytes that reached the drives so far.
  std::uint64_t written() const;
  /// Brings everything to the drives and lets go of them; throws Trouble. Returns the length of the files, or of drives
  /// what was written to them.
  std::uint64_t finish();

private:
  std::vector<Drive> drives_;
  std::vector<std::string> files_;
  std::uint64_t before_ = 0;
  bool mounted_ = false;
};

} // namespace kdt::agent
