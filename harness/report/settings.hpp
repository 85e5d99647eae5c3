#pragma once

#include "model/result.hpp"

#include <functional>
#include <string>
#include <vector>

namespace kdt::report {

/// The cells of a run that differ in memory, repeats and things of no concern to the linear map only.
struct Setting {
  std::string kernel{};
  std::string rodata{};      ///< "default" when it is not given
  std::string crashkernel{}; ///< as given, cut if it is long; "none"
  std::vector<const CellResult*> cells{};
};

/// By kernel, rodata and crashkernel, the values of each in the order in which the run has them; the run outlives them.
std::vector<Setting> settings_of(const RunResult& run);

/// The memory sizes of the run, smallest first.
std::vector<ByteSize> memories_of(const RunResult& run);

/// What a text of the cells is for each memory size, as short as can be: "low" when it is the same for all, else
/// "low 1G–3G; high 4G–256G". Cells without it ("") do not count; cells of one size that differ are joined by '/'.
std::string by_memory(const Setting& setting, const std::function<std::string(const CellResult&)>& text);

} // namespace kdt::report
