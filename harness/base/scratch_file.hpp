#pragma once

#include "base/file.hpp"

namespace kdt {

/// $TMPDIR, else /tmp; throws Error{infra} when that is no directory.
fs::path temporary_directory();

/// A file without a name, so that nothing of it is left however this process ends, SIGKILL included. Other processes of
/// the same user open it by path() as long as this object lives.
class ScratchFile {
public:
  /// Sparse, of this size, on the file system of directory; throws Error{infra}.
  ScratchFile(const fs::path& directory, ByteSize size);
  /// The same in the host's memory (memfd); it cannot be kept. Throws Error{infra}.
  static ScratchFile in_memory(ByteSize size);

  /// /proc/PID/fd/N.
  fs::path path() const;
  /// Bytes of disk that it occupies.
  ByteSize occupied() const;
  /// Gives it a name after all; replaces what has that name. Throws Error{infra}.
  void keep(const fs::path& name) const;

private:
  ScratchFile() = default;

  UniqueFd fd_;
  fs::path directory_;
};

} // namespace kdt
