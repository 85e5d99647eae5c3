#include "e2e/place.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <functional>
#include <sys/stat.h>

namespace kdt::e2e {

namespace {

/// A file of /proc, "" when its process is gone or not ours to look at.
std::string read_proc(const fs::path& file) {
  try {
    return read_file(file);
  } catch (const Error&) {
    return "";
  }
}

bool is_pid(std::string_view name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

void for_each_process(const std::function<void(const fs::path& directory)>& look) {
  for (const auto& entry : fs::directory_iterator("/proc"))
    if (is_pid(entry.path().filename().string())) look(entry.path());
}

/// What is not there any more while we look is passed over.
NamelessFiles nameless_files_in(const fs::path& descriptors) {
  NamelessFiles files;
  std::error_code error;
  for (fs::directory_iterator entry(descriptors, error), end; !error && entry != end; entry.increment(error)) {
    struct stat status {};
    std::error_code gone;
    auto link = fs::read_symlink(entry->path(), gone);
    if (gone || ::stat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 0)
      continue;
    files[{status.st_dev, status.st_ino}] = link.string();
  }
  return files;
}

} // namespace

NamelessFiles nameless_files_of(int pid) {
  return nameless_files_in(fmt::format("/proc/{}/fd", pid));
}

Place::Place() : directory_("kdt-e2e") {
  make_directories(tmp());
}

fs::path Place::write(std::string_view name, std::string_view text) const {
  auto file = path() / name;
  write_file(file, text);
  return file;
}

std::vector<std::string> Place::processes() const {
  auto mark = fmt::format("{}={}", k_place_variable, path().string());
  std::vector<std::string> found;
  for_each_process([&](const fs::path& process) {
    auto variables = split(read_proc(process / "environ"), '\0');
    if (std::ranges::find(variables, mark) == variables.end()) return;
    auto words = read_proc(process / "cmdline");
    std::ranges::replace(words, '\0', ' ');
    found.push_back(fmt::format("{}: {}", process.filename().string(), words));
  });
  return found;
}

std::vector<std::string> Place::holders(const NamelessFiles& files) const {
  auto below = fs::canonical(path()).string() + "/";
  std::vector<std::string> found;
  for_each_process([&](const fs::path& process) {
    for (const auto& [inode, link] : nameless_files_in(process / "fd"))
      // A disk gives the number of an inode that is gone to the next file; memory does not.
      if (link.starts_with(below) || (link.starts_with("/memfd:") && files.contains(inode)))
        found.push_back(fmt::format("{}: {}", process.filename().string(), link));
  });
  return found;
}

std::vector<std::string> files_below(const fs::path& directory) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (!entry.is_directory()) files.push_back(fs::relative(entry.path(), directory).string());
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> files_over(const fs::path& directory, ByteSize size) {
  std::vector<std::string> large;
  for (const auto& file : files_below(directory))
    if (fs::file_size(directory / file) > size.bytes) large.push_back(file);
  return large;
}

} // namespace kdt::e2e
