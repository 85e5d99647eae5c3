#include "report/observed_text.hpp"

#include "base/error.hpp"
#include "report/figures.hpp"

#include <algorithm>

namespace kdt::report {

std::string word(const CellResult& cell, std::string_view name) {
  const auto* value = find(cell.observed, name);
  return value == nullptr ? "" : to_string(*value);
}

double median(std::vector<double> values) {
  KDT_ASSERT(!values.empty());
  std::ranges::sort(values);
  auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// Below 4 GiB is what 32-bit devices reach: what "low" means to crashkernel=.
std::string reserved(const CellResult& cell) {
  if (word(cell, "reservation.present") != "true")
    return word(cell, "reservation.present").empty() ? "" : cell.cell.parameters.crashkernel ? "refused" : "none";
  constexpr double low_end = 4.0 * 1024 * 1024 * 1024;
  auto start = number(cell, "reservation.start");
  if (!start) return "somewhere";
  if (*start < low_end) return "low";
  return word(cell, "reservation.low.present") == "true" ? "high+low" : "high";
}

std::string stray_writes(const CellResult& cell) {
  auto segments = word(cell, "probe.segments");
  auto rest = word(cell, "probe.rest");
  if (segments.empty() && rest.empty()) return word(cell, "probe.before").empty() ? "" : "nothing was loaded";
  auto says = [](const std::string& what) { return what == "faults" ? "fault" : what == "lands" ? "land" : what; };
  if (segments == rest || rest.empty()) return fmt::format("all {}", says(segments));
  return fmt::format("segments {}, rest {}", says(segments), says(rest));
}

} // namespace kdt::report
