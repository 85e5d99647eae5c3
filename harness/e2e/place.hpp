#pragma once

#include "base/file.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kdt::e2e {

/// Open files that have no name, or lost theirs: by device and inode, with what /proc calls them.
using NamelessFiles = std::map<std::pair<std::uint64_t, std::uint64_t>, std::string>;

/// Those that a process has open; none of a process that is gone or not ours to look at.
NamelessFiles nameless_files_of(int pid);

/// The corner of one test: its matrices, run directories and a TMPDIR of its own. What is started here carries the
/// place in its environment, so that a process that was left over can be found whoever its parent is now.
class Place {
public:
  Place();

  const fs::path& path() const { return directory_.path(); }
  /// TMPDIR of what is started here.
  fs::path tmp() const { return path() / "tmp"; }
  /// Writes a file and returns its path.
  fs::path write(std::string_view name, std::string_view text) const;
  /// Command lines of the processes that were started here, directly or not, and still live.
  std::vector<std::string> processes() const;
  /// Processes, whoever started them, that have one of these memfds open, or any nameless file below the place; with
  /// what they have.
  std::vector<std::string> holders(const NamelessFiles& files) const;

private:
  TempDir directory_;
};

/// The variable by which Place::processes() knows its own.
inline constexpr const char* k_place_variable = "KDT_E2E_PLACE";

/// Every file below a directory, relative to it; and those that are larger than a size.
std::vector<std::string> files_below(const fs::path& directory);
std::vector<std::string> files_over(const fs::path& directory, ByteSize size);

} // namespace kdt::e2e
