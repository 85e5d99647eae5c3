#include "cli/cell_place.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "matrix/expand.hpp"
#include "run/host.hpp"

#include <algorithm>

namespace kdt::cli {

namespace {

bool is_run(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "journal.jsonl", ignored) || fs::exists(directory / "run.json", ignored);
}

bool is_cell(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "cell.json", ignored) || fs::exists(directory / run::k_recipe_file, ignored);
}

CellPlace read_place(const fs::path& directory) {
  return {.directory = directory,
          .result = run::read_cell(directory),
          .recipe = run::read_recipe(fs::absolute(directory))}; // its paths outlive a change of directory
}

std::vector<std::string> ids_of(const fs::path& run) {
  std::vector<std::string> ids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run / "cells", ignored))
    if (fs::exists(entry.path() / "cell.json", ignored)) ids.push_back(printable(run::read_cell(entry.path()).cell.id));
  std::ranges::sort(ids);
  return ids;
}

/// The directory of a cell in a run; empty when there is none. Two ids may want the same name: the second has a hash.
fs::path cell_in(const fs::path& run, const std::string& id) {
  for (const auto& slug : {matrix::slug_of(id), matrix::slug_of(id + '\n')})
    if (auto directory = run / "cells" / slug; is_cell(directory) && run::read_cell(directory).cell.id == id)
      return directory;
  return {};
}

[[noreturn]] void refuse(const std::string& id, const fs::path& run) {
  throw Error(Blame::usage, "no cell '{}' was run in {}{}", printable(id), run.string(), suggestion(id, ids_of(run)));
}

} // namespace

std::string new_run_directory(const std::string& name) {
  std::string stamp = run::timestamp();
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  auto directory = fmt::format("{}/{}-{}", k_runs, stamp, name);
  auto unique = directory;
  for (int i = 2; fs::exists(unique); ++i) unique = fmt::format("{}-{}", directory, i);
  return unique;
}

std::vector<fs::path> recent_runs() {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(k_runs, ignored))
    if (is_run(entry.path())) {
      auto journal = entry.path() / "journal.jsonl";
      found.emplace_back(fs::last_write_time(fs::exists(journal, ignored) ? journal : entry.path(), ignored),
                         entry.path());
    }
  std::ranges::sort(found, std::greater());
  std::vector<fs::path> runs;
  for (auto& [time, path] : found) runs.push_back(std::move(path));
  return runs;
}

CellPlace find_cell(const std::string& what, const fs::path& run) {
  if (!run.empty()) {
    if (!is_run(run)) throw Error(Blame::usage, "--run {}: that is no run directory of kdt", run.string());
    auto directory = cell_in(run, what);
    if (directory.empty()) refuse(what, run);
    return read_place(directory);
  }
  std::error_code ignored;
  if (fs::is_directory(what, ignored)) {
    if (is_cell(what)) return read_place(what);
    if (is_run(what))
      throw Error(Blame::usage, "{} is a whole run: name one of its cells{}", what,
                  fmt::format(", as in: ./kdt repro ID --run {}", shell_quoted(what)));
    throw Error(Blame::usage, "{} is no cell's directory: it holds neither cell.json nor recipe.json", what);
  }
  auto runs = recent_runs();
  for (const auto& recent : runs)
    if (auto directory = cell_in(recent, what); !directory.empty()) return read_place(directory);
  if (runs.empty())
    throw Error(Blame::usage, "'{}' is no file, and there is no run in {}/ that has such a cell: say --run RUN",
                printable(what), k_runs);
  refuse(what, runs.front());
}

} // namespace kdt::cli
