#include "model/cell.hpp"

namespace kdt {

std::string experiment_id(const std::string& cell_id) {
  auto hash = cell_id.rfind('#');
  bool repeat = hash != std::string::npos && hash + 1 < cell_id.size() &&
                cell_id.find_first_not_of("0123456789", hash + 1) == std::string::npos;
  return repeat ? cell_id.substr(0, hash) : cell_id;
}

std::string system_cmdline(const CellParameters& parameters) {
  std::string line;
  auto add = [&](std::string_view name, const std::string& value) {
    line += (line.empty() ? "" : " ") + std::string(name) + value;
  };
  if (parameters.crashkernel) {
    std::string_view rest = *parameters.crashkernel; // "256M,high 64M,low" is two parameters
    while (!rest.empty()) {
      auto end = rest.find(' ');
      if (end != 0) add("crashkernel=", std::string(rest.substr(0, end)));
      rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
  }
  if (parameters.rodata) add("rodata=", *parameters.rodata);
  if (!parameters.cmdline.empty()) add("", parameters.cmdline);
  return line;
}

} // namespace kdt
