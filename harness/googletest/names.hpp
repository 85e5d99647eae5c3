#pragma once

#include "model/cell.hpp"

#include <string>
#include <vector>

namespace kdt::googletest {

/// What GoogleTest calls a cell. Only letters, digits and "_ = / . , @ +" remain of the id: "-", ":", "*" and "?" have
/// a meaning in --gtest_filter.
struct TestName {
  std::string suite{};
  std::string test{};
  friend bool operator==(const TestName&, const TestName&) = default;
};

/// One for each id, all different. matrix: the suite of cells whose id does not begin with "name:".
std::vector<TestName> test_names(const std::vector<std::string>& ids, const std::string& matrix);

} // namespace kdt::googletest
