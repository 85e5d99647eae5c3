#pragma once

#include "bench/bare_cell.hpp"
#include "bench/results.hpp"

#include <functional>
#include <string>
#include <vector>

namespace kdt::bench {

/// One way to set up the bare script's guest.
struct Setting {
  std::string name;
  BareSettings guest;
};

/// What of a cell tells which setting is the best.
enum class Stretch {
  cell, ///< all of it, in our time
  save, ///< saving alone, in the guest's
};

/// Settings to choose from: the first is the base that the others are held against.
struct Choice {
  std::string name;
  Stretch stretch;
  std::vector<Setting> settings;
};

/// The drive's cache, TCG's threads, the capture kernel's command line and makedumpfile's settings, on 4 GiB.
std::vector<Choice> choices();

/// Adds the base's seconds and the others' ratios to it, all settings of a choice in turns. What does not run (a file
/// system that has no O_DIRECT) is not measured, and says why. Throws Error when the base does not run.
void measure_choices(const std::vector<Choice>& choices, int rounds,
                     const std::function<BareCell(const BareSettings&)>& run, Results& results);

} // namespace kdt::bench
