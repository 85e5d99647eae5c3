#pragma once

#include "drives.hpp"
#include "kdt/records.hpp"
#include "network.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kdt::agent {

/// Where a dump goes: one drive for each part of it, files of a file system that the host made on the first drive, or
/// the host itself by ssh.
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
  /// What a dump that comes as a stream is written to. `aligned`: it comes as whole pages of aligned memory, and goes
  /// past a drive's page cache.
  int stream(bool aligned = false);
  std::uint64_t streamed() const; ///< bytes that were taken so far; 0 where that cannot be known
  /// Bytes that reached the drives so far.
  std::uint64_t written() const;
  /// Brings everything to the drives and lets go of them; throws Trouble. Returns the length of the stream or the
  /// files, or of drives what was written to them; nullopt where that cannot be known.
  std::optional<std::uint64_t> finish();
  /// Why the target did not take all of it, after finish(); empty: it did.
  const std::string& trouble() const { return trouble_; }

private:
  std::vector<Drive> drives_;
  std::vector<std::string> files_;
  Fd stream_; // where a stream goes, once it is asked for
  std::unique_ptr<SshClient> ssh_;
  std::string trouble_;
  std::uint64_t before_ = 0;
  bool mounted_ = false;
};

} // namespace kdt::agent
