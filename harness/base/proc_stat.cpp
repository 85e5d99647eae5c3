#include "base/proc_stat.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace kdt {

std::vector<std::string> proc_stat(int pid) {
  auto path = fmt::format("/proc/{}/stat", pid);
  auto text = read_file(path);
  auto name_end = text.rfind(") ");
  if (name_end == std::string::npos) throw Error(Blame::infra, "{}: no name in parentheses", path);
  return split(std::string_view(text).substr(name_end + 2), ' ');
}

std::vector<int> children_of(int pid) {
  std::vector<int> found;
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
    std::string children;
    try {
      children = read_file(thread.path() / "children");
    } catch (const Error&) { // the thread is gone
    }
    for (const auto& child : split(trim(children), ' '))
      if (!child.empty()) found.push_back(std::stoi(child));
  }
  return found;
}

} // namespace kdt
