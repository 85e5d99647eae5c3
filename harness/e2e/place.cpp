#include "e2e/place.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

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

} // namespace

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
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (!is_pid(entry.path().filename().string())) continue;
    auto variables = split(read_proc(entry.path() / "environ"), '\0');
    if (std::ranges::find(variables, mark) == variables.end()) continue;
    auto words = read_proc(entry.path() / "cmdline");
    std::ranges::replace(words, '\0', ' ');
    found.push_back(fmt::format("{}: {}", entry.path().filename().string(), words));
  }
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
