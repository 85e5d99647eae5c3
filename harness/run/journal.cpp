#include "run/journal.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fcntl.h>
#include <sys/file.h>

namespace kdt::run {

using nlohmann::ordered_json;

namespace {
std::string line_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}
} // namespace

Journal::Journal(const std::filesystem::path& file, const RunResult& run, const std::vector<std::string>& cells)
    : name_(file.string()) {
  bool resumed = fs::exists(file);
  fd_ = open_file(file, O_RDWR | O_CREAT | O_APPEND);
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0)
    throw Error(Blame::usage, "{}: another kdt is running there; choose another --out", file.parent_path().string());
  if (resumed) {
    auto text = read_file(file);
    if (!text.empty() && !text.ends_with('\n')) append("\n"); // ends a line that a crash cut short
    return;
  }
  append(line_of({{"schema", k_schema},
                  {"type", "run"},
                  {"run_id", run.run_id},
                  {"matrix", run.matrix},
                  {"started", run.started},
                  {"host", run.host},
                  {"cells", cells}}));
}

void Journal::add(const CellResult& cell) {
  append(line_of({{"schema", k_schema}, {"type", "cell"}, {"cell", to_json(cell)}}));
}

void Journal::end(const RunResult& run) {
  append(
      line_of({{"schema", k_schema}, {"type", "end"}, {"finished", run.finished}, {"exit_status", run.exit_status}}));
}

void Journal::append(const std::string& line) {
  std::scoped_lock lock(mutex_);
  write_all(fd_.get(), line, name_);
  if (::fsync(fd_.get()) != 0) throw Error(Blame::infra, "{}: cannot sync: {}", name_, errno_text(errno));
}

JournalContent read_journal(const std::filesystem::path& file) {
  if (!fs::exists(file)) throw Error(Blame::usage, "{}: no journal there; is it a run directory?", file.string());
  JournalContent content;
  for (const auto& line : split(read_file(file), '\n')) {
    auto json = ordered_json::parse(line, nullptr, false);
    if (!json.is_object()) continue; // empty, or cut short by a crash
    if (json.value("schema", 0) != k_schema)
      throw Error(Blame::usage, "{}: schema {} is not {}", file.string(), json.value("schema", 0), k_schema);
    auto type = json.value("type", std::string());
    if (type == "run") {
      content.run.run_id = json.value("run_id", "");
      content.run.matrix = json.value("matrix", "");
      content.run.started = json.value("started", "");
      content.run.host = json.value("host", std::map<std::string, std::string>{});
    } else if (type == "cell") {
      auto cell = cell_from_json(json.at("cell"));
      std::erase_if(content.cells, [&](const CellResult& known) { return known.cell.id == cell.cell.id; });
      content.cells.push_back(std::move(cell));
    }
  }
  return content;
}

} // namespace kdt::run
