#pragma once

#include "model/cell.hpp"
#include "model/value.hpp"

#include <optional>
#include <string>

namespace kdt::run {

/// What a cell asks for and its kernel (by its facts), the guest's tools or this host do not have, as a sentence;
/// nullopt when all is there, as far as is known. Such a cell is skipped: nothing would be learnt from it.
std::optional<std::string> lacking(const CellParameters& parameters, const Facts& kernel_facts);

} // namespace kdt::run
