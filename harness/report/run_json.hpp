#pragma once

#include "base/file.hpp"
#include "model/result.hpp"

#include <string>

namespace kdt::report {

/// run.json as people read it, by reports/schema/run.schema.json.
std::string run_json(const RunResult& run);

/// Writes run.json at once: a reader sees the old text or the new one. Throws Error{infra}.
void write_run_json(const RunResult& run, const fs::path& file);

/// Reads a run.json back, enough for every other report. Throws Error{usage} that names the file and what is wrong in
/// it.
RunResult read_run_json(const fs::path& file);

} // namespace kdt::report
