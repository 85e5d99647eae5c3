#include "model/cell.hpp"

namespace kdt {

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
