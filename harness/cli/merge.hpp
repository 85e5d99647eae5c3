#pragma once

#include "base/file.hpp"
#include "model/result.hpp"

#include <string>
#include <vector>

namespace kdt::cli {

/// A run and where it was read.
struct ShardRun {
  std::string place{};
  RunResult run{};
};

/// One run of the shards of one matrix, its cells in the order of the matrix. What is not there is told in `merged`.
/// Throws Error{usage} for what does not belong together: a run that is no shard, shards of other runs or cut
/// otherwise, the same shard twice. out: the directory that it is to have.
RunResult merge_runs(const std::vector<ShardRun>& shards, const fs::path& out);

/// Puts the directories of the shards' cells and templates into that of the merged run, by link_tree(). Of a shard of
/// which only the run.json is here there are none. Throws Error{infra}.
void link_directories(const std::vector<ShardRun>& shards, const fs::path& out);

/// Puts a directory's files into another one, by hard links where the file system allows. Throws Error{infra}.
void link_tree(const fs::path& from, const fs::path& to);

} // namespace kdt::cli
