#pragma once

#include "model/cell.hpp"
#include "model/value.hpp"

#include <map>
#include <string>
#include <vector>

namespace kdt::matrix {

/// Facts of each kernel, by its name.
using KernelFacts = std::map<std::string, Facts>;

/// What --only and --skip ask for, as typed. A term is `axis=value[,value…]` or a glob over cell ids; it is a glob when
/// it holds a '/' or no '='. The axis may be any parameter or fact (zone_dma=off, version=<6.4, crashkernel.form=high);
/// a value may be a glob (kernel=v6.1-*). Commas inside a value are understood when the matrix has such a value.
struct Selection {
  std::vector<std::string> only{}; ///< all must hold
  std::vector<std::string> skip{}; ///< none may hold
};

/// The cells that are asked for, in order. Throws Error{usage} for an unknown axis, fact or value (with the nearest),
/// for a term that no cell satisfies, and when nothing is left.
std::vector<Cell> select(std::vector<Cell> cells, const Selection& selection, const KernelFacts& kernels);

} // namespace kdt::matrix
