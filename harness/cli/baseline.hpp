#pragma once

#include "model/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kdt::cli {

/// The run that is to be compared.
struct Compared {
  std::string matrix{};
  std::vector<std::string> experiments{}; ///< ids without "#2"
  std::filesystem::path directory{};
  bool shard = false; ///< else it is not compared with shards, which may be its own
};

/// An earlier run to compare with: a run directory or run.json, or "last": the newest run of this matrix on this
/// host that has most of these experiments, is still there, and lies in another directory than this run. "": none, and
/// none is said for a "last" that there is not yet, since the first night has none. Throws Error{usage} when a run that
/// was named cannot be read.
std::optional<RunResult> find_baseline(const std::string& word, const Compared& run,
                                       const std::filesystem::path& history);

/// Compares the run with it, if there is one.
void compare_with(RunResult& run, const std::optional<RunResult>& baseline);

} // namespace kdt::cli
