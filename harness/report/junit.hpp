#pragma once

#include "base/file.hpp"
#include "model/result.hpp"

#include <string>

namespace kdt::report {

/// JUnit XML: a testsuite per matrix, a testcase per cell. fail and xpass are failures, error is an error, skip and
/// xfail are skipped. Holds only characters that XML 1.0 allows, whatever a guest printed.
std::string junit(const RunResult& run);

/// Throws Error{infra}.
void write_junit(const RunResult& run, const fs::path& file);

} // namespace kdt::report
