#include "vmcore/raw_file.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace kdt::vmcore {

RawFile::RawFile(int fd) : fd_(fd) {
  auto end = ::lseek(fd, 0, SEEK_END); // also right for a block device, where st_size is 0
  if (end < 0) throw Error(Blame::infra, "vmcore: cannot tell its size: {}", errno_text(errno));
  size_ = static_cast<std::uint64_t>(end);
}

bool RawFile::read(std::uint64_t at, void* to, std::uint64_t bytes) const {
  if (at > size_ || bytes > size_ - at) return false;
  auto* into = static_cast<char*>(to);
  while (bytes > 0) {
    auto got = ::pread(fd_, into, bytes, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Blame::infra, "vmcore: cannot read at {}: {}", at, errno_text(errno));
    if (got == 0) return false;
    into += got;
    at += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::uint64_t>(got);
  }
  return true;
}

std::uint64_t RawFile::next_data(std::uint64_t at) const {
  auto data = ::lseek(fd_, static_cast<off_t>(at), SEEK_DATA);
  if (data >= 0) return static_cast<std::uint64_t>(data);
  return errno == ENXIO ? std::max(at, size_) : at;
}

} // namespace kdt::vmcore
