#pragma once

#include "model/result.hpp"
#include "report/table.hpp"

#include <string>
#include <vector>

namespace kdt::report {

/// How a cell saves its dump, for people: "31 lzo flattened raw", "8 zlib kdump ext4, 2 threads", "copy raw".
std::string dump_label(const DumpSettings& dump);

/// Seconds, size and rate of saving: ways to save against memory sizes, medians over whatever else the cells differ in;
/// the fastest of each size is marked. None when all cells save alike.
std::vector<Table> dump_tables(const RunResult& run);

} // namespace kdt::report
