#include "base/scratch_file.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kdt {

fs::path temporary_directory() {
  std::error_code error;
  auto directory = fs::temp_directory_path(error);
  if (error) throw Error(Blame::infra, "no directory for temporary files ($TMPDIR, else /tmp): {}", error.message());
  return directory;
}

ScratchFile::ScratchFile(const fs::path& directory, ByteSize size) : directory_(directory) {
  fd_ = UniqueFd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
  if (!fd_) { // a file system without O_TMPFILE: the name is there for an instant
    auto pattern = (directory / "scratch-XXXXXX").string();
    fd_ = UniqueFd(::mkostemp(pattern.data(), O_CLOEXEC));
    if (!fd_) throw Error(Blame::infra, "{}: cannot make a file there: {}", directory.string(), errno_text(errno));
    ::unlink(pattern.c_str());
  }
  if (::ftruncate(fd_.get(), static_cast<off_t>(size.bytes)) != 0)
    throw Error(Blame::infra, "{}: cannot make a sparse file of {}: {}", directory.string(), human(size),
                errno_text(errno));
}

ScratchFile ScratchFile::in_memory(ByteSize size) {
  ScratchFile file;
  file.fd_ = UniqueFd(::memfd_create("kdt", MFD_CLOEXEC));
  if (!file.fd_ || ::ftruncate(file.fd_.get(), static_cast<off_t>(size.bytes)) != 0)
    throw Error(Blame::infra, "cannot make a file of {} in memory: {}", human(size), errno_text(errno));
  return file;
}

fs::path ScratchFile::path() const {
  return fmt::format("/proc/{}/fd/{}", ::getpid(), fd_.get());
}

ByteSize ScratchFile::occupied() const {
  struct stat status {};
  KDT_ASSERT(::fstat(fd_.get(), &status) == 0);
  return {static_cast<std::uint64_t>(status.st_blocks) * 512};
}

void ScratchFile::keep(const fs::path& name) const {
  std::error_code error;
  fs::remove(name, error);
  if (::linkat(AT_FDCWD, path().c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return;
  fs::copy_file(path(), name, fs::copy_options::overwrite_existing, error); // unlinked files cannot be linked again
  if (error) throw Error(Blame::infra, "{}: cannot keep a scratch file: {}", name.string(), error.message());
}

} // namespace kdt
