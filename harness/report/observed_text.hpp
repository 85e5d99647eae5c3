#pragma once

#include "model/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kdt::report {

/// An observation as text; empty when it has none.
std::string word(const CellResult& cell, std::string_view name);

/// Of one value or more.
double median(std::vector<double> values);

/// Where the crash region is: low, high, high+low, refused, none; empty when the cell did not come so far.
std::string reserved(const CellResult& cell);

/// What stray writes to the crash region did: "segments fault, rest land"; empty when none was tried.
std::string stray_writes(const CellResult& cell);

} // namespace kdt::report
