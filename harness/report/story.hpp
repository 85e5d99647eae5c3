#pragma once

#include "model/result.hpp"

#include <string>

namespace kdt::report {

/// What one cell did, for whoever ran it again: its phases with their times, each finding with its evidence, the
/// expectations that did not hold, and whether it showed what it had shown before.
std::string story(const CellResult& now, const CellResult& before);

/// "as before: fail (capture-timeout)", or in which way it is not as before.
std::string as_before(const CellResult& now, const CellResult& before);

} // namespace kdt::report
