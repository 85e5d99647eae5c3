#include "base/file.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace kdt {

UniqueFd open_file(const fs::path& path, int flags, unsigned mode) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw Error(Blame::infra, "{}: cannot open: {}", path.string(), errno_text(errno));
  return fd;
}

void write_all(int fd, std::string_view text, std::string_view what) {
  while (!text.empty()) {
    ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(Blame::infra, "{}: cannot write: {}", what, errno_text(errno));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string read_file(const fs::path& path) {
  auto fd = open_file(path, O_RDONLY);
  struct stat status {};
  std::string text;
  if (::fstat(fd.get(), &status) == 0 && status.st_size > 0) text.reserve(static_cast<std::size_t>(status.st_size));
  char buffer[65536];
  for (;;) {
    ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(Blame::infra, "{}: cannot read: {}", path.string(), errno_text(errno));
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

void write_file(const fs::path& path, std::string_view text) {
  auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_all(fd.get(), text, path.string());
}

namespace {
/// A device or a pipe is written to; a rename would put a file in its place.
void write_to_existing(const fs::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY).get(), text, path.string());
}
} // namespace

void write_file_atomic(const fs::path& name, std::string_view text) {
  std::error_code error;
  fs::path path = fs::is_symlink(name, error) ? fs::weakly_canonical(name, error) : name;
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) return write_to_existing(path, text);
  fs::path sibling = path;
  sibling += ".new";
  {
    auto fd = open_file(sibling, O_WRONLY | O_CREAT | O_TRUNC);
    write_all(fd.get(), text, sibling.string());
    if (::fsync(fd.get()) != 0) throw Error(Blame::infra, "{}: cannot sync: {}", sibling.string(), errno_text(errno));
  }
  if (::rename(sibling.c_str(), path.c_str()) != 0)
    throw Error(Blame::infra, "{}: cannot rename into place: {}", path.string(), errno_text(errno));
}

void make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(Blame::infra, "{}: cannot make directory: {}", path.string(), error.message());
}

void make_sparse_file(const fs::path& path, ByteSize size) {
  auto fd = open_file(path, O_RDWR | O_CREAT | O_TRUNC);
  if (::ftruncate(fd.get(), static_cast<off_t>(size.bytes)) != 0)
    throw Error(Blame::infra, "{}: cannot make a sparse file of {}: {}", path.string(), human(size), errno_text(errno));
}

ByteSize size_of_file(const fs::path& path) {
  std::error_code error;
  auto size = fs::file_size(path, error);
  if (error) throw Error(Blame::infra, "{}: cannot ask for its size: {}", path.string(), error.message());
  return {size};
}

ByteSize free_space(const fs::path& path) {
  std::error_code error;
  fs::path place = fs::absolute(path, error);
  while (!fs::exists(place, error) && place.has_parent_path() && place != place.parent_path())
    place = place.parent_path();
  struct statvfs status {};
  if (::statvfs(place.c_str(), &status) != 0)
    throw Error(Blame::infra, "{}: cannot ask for free space: {}", place.string(), errno_text(errno));
  return {static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize};
}

TempDir::TempDir(std::string_view prefix, const fs::path& parent) {
  std::error_code error;
  fs::path base = parent.empty() ? fs::temp_directory_path(error) : parent;
  if (error) throw Error(Blame::infra, "no temporary directory: {}", error.message());
  std::string pattern = (base / fmt::format("{}-XXXXXX", prefix)).string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw Error(Blame::infra, "{}: cannot make a temporary directory: {}", pattern, errno_text(errno));
  path_ = pattern;
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) {
  other.path_.clear();
}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::move(other.path_);
    other.path_.clear();
  }
  return *this;
}

TempDir::~TempDir() {
  remove();
}

void TempDir::remove() noexcept {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

fs::path default_cache_directory() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return fs::path(cache) / "kdt";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') return fs::path(home) / ".cache" / "kdt";
  throw Error(Blame::usage, "neither XDG_CACHE_HOME nor HOME is set: kdt has no place for its cache");
}

} // namespace kdt
