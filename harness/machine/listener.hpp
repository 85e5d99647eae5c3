#pragma once

#include "base/deadline.hpp"
#include "base/unique_fd.hpp"

#include <filesystem>

namespace kdt::machine {

/// A Unix socket in the file system that waits for one connection. Its name goes with this object.
class Listener {
public:
  /// Throws Error{infra}, also when the path is too long for a socket (107 bytes).
  explicit Listener(std::filesystem::path path);
  Listener(Listener&&) = delete;
  ~Listener();

  const std::filesystem::path& path() const { return path_; }
  /// The connection; throws Error{infra} when there is none at the deadline.
  UniqueFd accept(Deadline deadline);

private:
  std::filesystem::path path_;
  UniqueFd socket_;
};

} // namespace kdt::machine
