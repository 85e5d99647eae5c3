#include "console/line_splitter.hpp"

namespace kdt::console {

std::vector<std::string> LineSplitter::feed(std::string_view bytes) {
  std::vector<std::string> lines;
  for (char c : bytes) {
    if (c == '\r' || c == '\0') continue;
    bool full = line_.size() >= k_longest_line;
    if (c != '\n' && !full) {
      line_ += c;
      continue;
    }
    lines.push_back(std::move(line_));
    line_.clear();
    if (c != '\n') line_ += c;
  }
  return lines;
}

} // namespace kdt::console
