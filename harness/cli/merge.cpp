#include "cli/merge.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace kdt::cli {

namespace {

const Shard& shard_of(const ShardRun& part) {
  if (!part.run.shard)
    throw Error(Blame::usage, "{}: run {} is no shard: it ran without --shard", printable(part.place), part.run.run_id);
  return *part.run.shard;
}

/// The parts belong together, and each is there once.
void check_parts(const std::vector<ShardRun>& parts) {
  KDT_ASSERT(!parts.empty());
  const auto& first = parts.front();
  std::map<unsigned, std::string> seen;
  for (const auto& part : parts) {
    const auto& shard = shard_of(part);
    const auto& one = shard_of(first);
    if (part.run.matrix != first.run.matrix)
      throw Error(Blame::usage, "{} is of {}, and {} of {}: they are no shards of one run", printable(part.place),
                  part.run.matrix, printable(first.place), first.run.matrix);
    if (shard.count != one.count || shard.cut != one.cut)
      throw Error(Blame::usage,
                  "{} is shard {}/{} of other cells, or cut by other durations, than {}, shard {}/{}: give all shards "
                  "the same selection and the same --shard-by",
                  printable(part.place), shard.index, shard.count, printable(first.place), one.index, one.count);
    auto [it, fresh] = seen.emplace(shard.index, part.place);
    if (!fresh)
      throw Error(Blame::usage, "{} and {} are both shard {}/{}", printable(it->second), printable(part.place),
                  shard.index, shard.count);
  }
}

std::map<std::string, std::size_t> positions_of(const std::vector<ShardRun>& parts) {
  std::map<std::string, std::size_t> positions;
  for (const auto& part : parts) positions.insert(part.run.shard->cells.begin(), part.run.shard->cells.end());
  return positions;
}

/// What all hosts say alike, and else what each says.
std::map<std::string, std::string> common_host(const std::vector<ShardRun>& parts) {
  std::map<std::string, std::set<std::string>> said;
  for (const auto& part : parts)
    for (const auto& [name, value] : part.run.host) said[name].insert(value);
  std::map<std::string, std::string> host;
  for (const auto& [name, values] : said)
    for (const auto& value : values) host[name] += (host[name].empty() ? "" : " | ") + value;
  return host;
}

Merged missing_from(const std::vector<ShardRun>& parts) {
  Merged merged{.shards = parts.front().run.shard->count};
  std::set<unsigned> there;
  for (const auto& part : parts) {
    there.insert(part.run.shard->index);
    std::set<std::string> ran;
    for (const auto& cell : part.run.cells) ran.insert(experiment_id(cell.cell.id));
    for (const auto& [id, position] : part.run.shard->cells)
      if (!ran.contains(id)) merged.missing_cells.push_back(id);
  }
  for (unsigned index = 1; index <= merged.shards; ++index)
    if (!there.contains(index)) merged.missing_shards.push_back(index);
  return merged;
}

void take_cells(const ShardRun& part, RunResult& run) {
  std::set<std::string> own;
  for (const auto& [id, position] : part.run.shard->cells) own.insert(id);
  for (const auto& cell : part.run.cells) {
    if (!own.contains(experiment_id(cell.cell.id)))
      throw Error(Blame::usage, "{}: cell {} is none of shard {}/{}", printable(part.place), printable(cell.cell.id),
                  part.run.shard->index, part.run.shard->count);
    run.cells.push_back(cell);
  }
}

} // namespace

RunResult merge_runs(const std::vector<ShardRun>& shards, const fs::path& out) {
  check_parts(shards);
  RunResult run = shards.front().run;
  run.directory = out.string();
  run.cells.clear();
  run.shard.reset();
  run.since.reset();
  run.host = common_host(shards);
  run.merged = missing_from(shards);
  for (const auto& part : shards) {
    take_cells(part, run);
    run.started = std::min(run.started, part.run.started);
    run.finished = std::max(run.finished, part.run.finished);
  }
  auto positions = positions_of(shards);
  std::ranges::stable_sort(run.cells, {},
                           [&](const CellResult& cell) { return positions[experiment_id(cell.cell.id)]; });
  run.exit_status = exit_status(run);
  return run;
}

void link_directories(const std::vector<ShardRun>& shards, const fs::path& out) {
  for (const auto& shard : shards) {
    auto place = fs::path(shard.place);
    for (const auto& cell : shard.run.cells)
      if (auto directory = fs::path("cells") / cell.cell.slug; fs::is_directory(place / directory))
        link_tree(place / directory, out / directory);
    // The hash in a template's name is that of its cells' ids: no two shards have the same.
    if (fs::is_directory(place / "templates")) link_tree(place / "templates", out / "templates");
  }
}

void link_tree(const fs::path& from, const fs::path& to) {
  make_directories(to);
  try {
    for (const auto& entry : fs::directory_iterator(from)) {
      auto target = to / entry.path().filename();
      std::error_code error;
      if (entry.is_directory()) {
        link_tree(entry.path(), target);
      } else if (entry.is_regular_file()) {
        fs::create_hard_link(entry.path(), target, error);
        if (error) fs::copy_file(entry.path(), target); // another file system
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(Blame::infra, "cannot copy {} to {}: {}", from.string(), to.string(), error.code().message());
  }
}

} // namespace kdt::cli
