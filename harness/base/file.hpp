#pragma once

#include "base/unique_fd.hpp"
#include "base/units.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace kdt {

namespace fs = std::filesystem;

/// The whole file; throws Error{infra} that names it.
std::string read_file(const fs::path& path);

/// Creates or truncates; throws Error{infra}. Not atomic: use write_file_atomic for what another process may read.
void write_file(const fs::path& path, std::string_view text);

/// Writes a sibling, fsyncs it and renames it over the file, so that a reader sees the old text or the new one. Follows
/// symbolic links; what is there and is no regular file (a device, a pipe) is written to as it is.
void write_file_atomic(const fs::path& name, std::string_view text);

/// Creates a directory and its parents; throws Error{infra} with the cause.
void make_directories(const fs::path& path);

/// open(2) with O_CLOEXEC; throws Error{infra} that names the path.
UniqueFd open_file(const fs::path& path, int flags, unsigned mode = 0644);

/// Writes every byte, through signals and short writes; throws Error{infra} that says what was written to.
void write_all(int fd, std::string_view text, std::string_view what);

/// A sparse file of this size, for a guest's disk.
void make_sparse_file(const fs::path& path, ByteSize size);

/// Throws Error{infra} when there is no such file.
ByteSize size_of_file(const fs::path& path);

/// What an unprivileged writer may still use on the file system that holds path (or its nearest existing parent).
ByteSize free_space(const fs::path& path);

/// A directory of our own, removed with everything in it at the end of scope.
class TempDir {
public:
  /// Below parent, or below $TMPDIR (else the system's temporary directory) when parent is empty.
  explicit TempDir(std::string_view prefix, const fs::path& parent = {});
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;
  ~TempDir();

  const fs::path& path() const { return path_; }

private:
  void remove() noexcept;
  fs::path path_;
};

/// $XDG_CACHE_HOME/kdt, else $HOME/.cache/kdt; throws Error{usage} when neither is set.
fs::path default_cache_directory();

} // namespace kdt
