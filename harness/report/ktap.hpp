#pragma once

#include "base/file.hpp"
#include "model/result.hpp"

#include <string>

namespace kdt::report {

/// The run as KTAP version 1 (Linux: Documentation/dev-tools/ktap.rst), a test for each cell: fail and xpass are "not
/// ok", error is "not ok" with ERROR, skip is "ok" with SKIP, xfail is "ok" with XFAIL, so that a reader that does not
/// know the word counts it as what it is to us, expected. '#', which no name may hold, is written as %23.
std::string ktap(const RunResult& run);

/// Throws Error{infra}.
void write_ktap(const RunResult& run, const fs::path& file);

} // namespace kdt::report
