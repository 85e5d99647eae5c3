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

} // namespace kdt
