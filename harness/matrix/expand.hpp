#pragma once

#include "matrix/matrix.hpp"
#include "model/cell.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace kdt::matrix {

/// The matrix's cells: the product of the axes in declared order (the last one varies fastest), without the excluded,
/// then the included. Ids and slugs are unique. Throws Error{usage} when nothing is left or a cell is there twice.
std::vector<Cell> expand(const Matrix& matrix);

/// An id as a file name: '/' becomes '_'. A short hash follows when other characters had to go or it was cut to fit
/// 200 bytes, so that different ids keep different slugs.
std::string slug_of(const std::string& id);

/// Which of the rows to keep so that every pair of values that some row has is in a kept row: indices in ascending
/// order. A row is one value index for each axis; costs has one number a row, or is empty. Greedy and deterministic:
/// few rows first, and among as good ones the cheap, so that an expensive value is in no more rows than its pairs need.
std::vector<std::size_t> cover_pairs(const std::vector<std::vector<unsigned>>& rows,
                                     const std::vector<double>& costs = {});

} // namespace kdt::matrix
