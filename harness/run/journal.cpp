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
  fd_ = open_file(file, O_RDWR | O_CREAT | O_APPEND);
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0)
    throw Error(Blame::usage, "{}: another kdt is running there; choose another --out", file.parent_path().string());
  mend();
  if (!read_journal(file).run.run_id.empty()) return;
  ordered_json first{{"schema", k_schema},     {"type", "run"},    {"run_id", run.run_id}, {"matrix", run.matrix},
                     {"started", run.started}, {"host", run.host}, {"cells", cells}};
  if (run.shard) first["shard"] = to_json(*run.shard);
  append(line_of(first));
}

void Journal::mend() {
  auto text = read_file(name_);
  auto whole = text.rfind('\n') + 1; // npos + 1 is 0
  if (whole == text.size()) return;
  if (ordered_json::parse(text.substr(whole), nullptr, false).is_object()) return append("\n"); // lacks only that
  if (::ftruncate(fd_.get(), static_cast<off_t>(whole)) != 0)
    throw Error(Blame::infra, "{}: cannot cut off a half-written line: {}", name_, errno_text(errno));
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
  auto whole = ::lseek(fd_.get(), 0, SEEK_END);
  try {
    write_all(fd_.get(), line, name_);
    if (::fsync(fd_.get()) != 0) throw Error(Blame::infra, "{}: cannot sync: {}", name_, errno_text(errno));
  } catch (const Error&) { // the disk is full: half a line must not spoil the next, which may fit again
    [[maybe_unused]] auto cut = ::ftruncate(fd_.get(), whole);
    throw;
  }
}

namespace {
void take_line(const ordered_json& json, JournalContent& content) {
  if (json.at("schema") != k_schema)
    throw Error(Blame::usage, "schema {} is not {}", json.at("schema").dump(), k_schema);
  std::string type = json.at("type");
  if (type == "run") {
    content.run.run_id = json.at("run_id");
    content.run.matrix = json.at("matrix");
    content.run.started = json.at("started");
    content.run.host = json.at("host");
    if (json.contains("shard")) content.run.shard = shard_from_json(json.at("shard"));
  } else if (type == "cell") {
    auto cell = cell_from_json(json.at("cell"));
    std::erase_if(content.cells, [&](const CellResult& known) { return known.cell.id == cell.cell.id; });
    content.cells.push_back(std::move(cell));
  }
}
} // namespace

JournalContent read_journal(const std::filesystem::path& file) {
  if (!fs::exists(file)) throw Error(Blame::usage, "{}: no journal there; is it a run directory?", file.string());
  JournalContent content;
  int number = 0;
  for (const auto& line : split(read_file(file), '\n')) {
    ++number;
    auto json = ordered_json::parse(line, nullptr, false);
    if (!json.is_object()) continue; // empty, or cut short by a crash
    try {
      take_line(json, content);
    } catch (const ordered_json::exception& error) {
      throw Error(Blame::usage, "{}:{}: kdt did not write this: {}", file.string(), number, error.what());
    } catch (const Error& error) {
      throw Error(Blame::usage, "{}:{}: {}", file.string(), number, error.what());
    }
  }
  return content;
}

} // namespace kdt::run
