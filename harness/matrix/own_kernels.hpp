#pragma once

#include "matrix/matrix.hpp"

#include <string>
#include <vector>

namespace kdt::matrix {

/// Runs a matrix on kernels that it does not name. When it names all of these, it stays as it is. Else they become the
/// values of its axis `kernel`, which is added as the first if there is none, in place of all that it has there; each
/// `include` is a cell of every one of them, and an `exclude` that names a kernel goes. names: not empty.
void use_kernels(Matrix& matrix, const std::vector<std::string>& names);

} // namespace kdt::matrix
