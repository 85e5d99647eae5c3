#pragma once

#include "image/symbols.hpp"
#include "model/result.hpp"
#include "vmcore/judge.hpp"

#include <memory>

namespace kdt::run {

/// What the vmcore of a cell should be, from what the cell saw before its panic: so the verify phase and
/// `kdt verify --facts cell.json` judge alike. What was not observed is not judged. Throws Error{usage} for
/// observations that make no sense: cell.json may come from anywhere.
vmcore::Expectation dump_expectation(const CellResult& cell);

/// What a System.map tells of the kernel in a vmcore.
vmcore::KernelMap kernel_map(std::shared_ptr<const image::Symbols> symbols);

} // namespace kdt::run
