#include "report/run_json.hpp"

#include "model/json.hpp"

#include <nlohmann/json.hpp>

namespace kdt::report {

std::string run_json(const RunResult& run) {
  return to_json(run).dump(1) + "\n";
}

void write_run_json(const RunResult& run, const fs::path& file) {
  write_file_atomic(file, run_json(run));
}

RunResult read_run_json(const fs::path& file) {
  if (!fs::is_regular_file(file)) throw Error(Blame::usage, "{}: no such file; is it a run directory?", file.string());
  auto text = read_file(file);
  try {
    return run_from_json(nlohmann::ordered_json::parse(text));
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(Blame::usage, "{} is not JSON: it breaks off or goes wrong at byte {}", file.string(), error.byte);
  } catch (const Error& error) {
    throw Error(Blame::usage, "{} is not a run that kdt wrote: {}", file.string(), error.what());
  }
}

} // namespace kdt::report
