#pragma once

#include "console/line_class.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kdt::console {

/// Which kernel the console is showing.
enum class Stage {
  firmware,         ///< nothing of a kernel yet
  system_kernel,    ///< its banner was seen
  panicked,         ///< "Kernel panic - not syncing" of the system kernel
  leaving,          ///< "Starting crashdump kernel" or "Bye!"; an oops may lead here without a panic line
  capture_kernel,   ///< the second banner
  capture_panicked, ///< the capture kernel panicked too
};

std::string_view to_string(Stage stage);

/// Something on the console that matters to a verdict.
struct Note {
  enum class Kind { stage, fault, evidence, marker } kind;
  Stage stage;                     ///< after the line
  std::string line;                ///< without its timestamp
  const LineClass* what = nullptr; ///< what kind of trouble the line tells of, if any
};

/// The first line of one kind of trouble in one stage.
struct Sighting {
  const LineClass* what;
  Stage stage;
  std::string line;
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
  /// The system kernel's panic line; of an oops that went straight to the capture kernel "Internal error: …"; empty
  /// when there was none.
  const std::string& panic_line() const { return panic_line_; }
  /// The capture kernel's panic line; empty when there was none.
  const std::string& capture_panic_line() const { return capture_panic_line_; }
  /// The capture kernel's first line after "Booting Linux": its version; empty when it was not seen.
  const std::string& capture_banner() const { return capture_banner_; }
  /// What the kernel that the console shows started last as its process 1: "/init"; empty when it did not say so, or
  /// has panicked since.
  const std::string& init() const { return init_; }
  /// Lines in which either kernel complains of itself (LineClass::Standing::fault), in order.
  const std::vector<std::string>& complaints() const { return complaints_; }
  /// Every kind of trouble, faults and evidence, once for each stage it was seen in.
  const std::vector<Sighting>& sightings() const { return sightings_; }
  /// The most telling trouble from this stage on; nullptr when there was none.
  const Sighting* most_telling(Stage from) const;

private:
  bool move_to(Stage stage);
  bool of_kernel(std::string_view raw, std::string_view line) const;
  const LineClass* sight(std::string_view raw, std::string_view line);
  void remember(const LineClass* what, std::string_view line);
  Stage stage_ = Stage::firmware;
  int banners_ = 0;
  std::string panic_line_;
  std::string capture_panic_line_;
  std::string oops_line_; ///< the system kernel's last "Internal error: …"
  std::string capture_banner_;
  bool capture_banner_next_ = false;
  std::string init_;
  std::vector<std::string> complaints_;
  std::vector<Sighting> sightings_;
  bool stamped_ = false; ///< the kernel stamps its lines, so what carries no stamp is not its own
};

/// Without "[    1.234567] " and "[    T1] " prefixes.
std::string_view without_timestamp(std::string_view line);

} // namespace kdt::console
