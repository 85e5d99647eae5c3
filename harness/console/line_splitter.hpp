#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::console {

/// The longest console line that is kept whole; a longer one is cut there (printk's own limit is 1 KiB).
inline constexpr std::size_t k_longest_line = 8192;

/// Cuts a serial console's bytes into lines without CR and LF.
class LineSplitter {
public:
  /// The lines that these bytes complete.
  std::vector<std::string> feed(std::string_view bytes);
  /// What has come since the last newline: the line a guest died in the middle of.
  const std::string& rest() const { return line_; }

private:
  std::string line_;
};

} // namespace kdt::console
