#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kdt::console {

/// Which kernel the console is showing.
enum class Stage {
  firmware,         ///< nothing of a kernel yet
  system_kernel,    ///< its banner was seen
  panicked,         ///< "Kernel panic - not syncing" of the system kernel
  leaving,          ///< "Starting crashdump kernel" or "Bye!"
  capture_kernel,   ///< the second banner
  capture_panicked, ///< the capture kernel panicked too
};

std::string_view to_string(Stage stage);

/// Something on the console that matters to a verdict.
struct Note {
  enum class Kind { stage, oops, warning, marker } kind;
  Stage stage;      ///< after the line
  std::string line; ///< without its timestamp
};

/// Follows the console of a kdump cycle, line by line. Pure; knows nothing of machines. A second banner means the
/// capture kernel only after a panic: before it, it is a reboot and shows as Stage::system_kernel again.
class BootTracker {
public:
  /// What this line means, if anything.
  std::vector<Note> feed(std::string_view line);

  Stage stage() const { return stage_; }
  /// How many kernels have printed their banner.
  int banners() const { return banners_; }
  /// The system kernel's panic line; empty when there was none.
  const std::string& panic_line() const { return panic_line_; }
  /// The capture kernel's panic line; empty when there was none.
  const std::string& capture_panic_line() const { return capture_panic_line_; }
  /// First lines of oopses, BUGs and warnings, in order, of both kernels.
  const std::vector<std::string>& complaints() const { return complaints_; }

private:
  bool move_to(Stage stage);
  Stage stage_ = Stage::firmware;
  int banners_ = 0;
  std::string panic_line_;
  std::string capture_panic_line_;
  std::vector<std::string> complaints_;
};

/// Without "[    1.234567] " and "[    T1] " prefixes.
std::string_view without_timestamp(std::string_view line);

} // namespace kdt::console
