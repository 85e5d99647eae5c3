#include "vmcore/contents.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

namespace kdt::vmcore {

namespace {

/// Both directions of the JSON form from one list of members.
template <typename Self, typename Visit>
void members(Self& c, Visit&& visit) {
  visit("stream_stopped", c.stream_stopped);
  visit("file_bytes", c.shape.file_bytes);
  visit("needed_bytes", c.shape.needed_bytes);
  visit("aarch64", c.shape.aarch64);
  visit("incomplete", c.shape.incomplete);
  visit("stored_pages", c.shape.pages);
  visit("holes", c.shape.holes);
  visit("unreadable", c.unreadable);
  visit("opened", c.opened);
  visit("untranslatable", c.untranslatable);
  visit("architecture", c.architecture);
  visit("release", c.release);
  visit("build_id", c.build_id);
  visit("page_size", c.page_size);
  visit("crash_time", c.crash_time);
  visit("pages_present", c.pages.present);
  visit("pages_read", c.pages.read);
  visit("pages_bad", c.pages.bad);
  visit("first_bad", c.pages.first_bad);
  visit("pages_stopped", c.pages.stopped);
  visit("log_levels", c.log_levels);
  visit("log_records", c.log_records);
  visit("log_damaged", c.log_damaged);
  visit("log_problem", c.log_problem);
  visit("peak_memory", c.peak_memory);
  visit("cpu_seconds", c.cpu_seconds);
}

nlohmann::ordered_json json_of(const std::vector<PhysRange>& ranges) {
  auto json = nlohmann::ordered_json::array();
  for (const auto& range : ranges) json.push_back({range.start.value, range.end.value});
  return json;
}

std::vector<PhysRange> ranges_from(const nlohmann::ordered_json& json) {
  std::vector<PhysRange> ranges;
  for (const auto& range : json)
    ranges.push_back({{range.at(0).get<std::uint64_t>()}, {range.at(1).get<std::uint64_t>()}});
  return ranges;
}

} // namespace

nlohmann::ordered_json to_json(const Contents& contents) {
  nlohmann::ordered_json json{{"format", static_cast<int>(contents.format)},
                              {"shape_format", static_cast<int>(contents.shape.format)}};
  members(contents, [&](const char* name, const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
      json[name] = printable(value);
    else
      json[name] = value;
  });
  json["cpus"] = nlohmann::ordered_json::array();
  for (const auto& cpu : contents.cpus) json["cpus"].push_back({cpu.pc, cpu.sp, cpu.lr, cpu.pstate, cpu.pid, cpu.fp});
  json["crash"] = to_json(contents.crash);
  json["canaries"] = contents.canaries;
  json["memory"] = json_of(contents.shape.memory);
  json["empty_pieces"] = json_of(contents.empty_pieces);
  return json;
}

Contents contents_from_json(const nlohmann::ordered_json& json) {
  Contents contents;
  contents.format = static_cast<Format>(json.at("format").get<int>());
  contents.shape.format = static_cast<Format>(json.at("shape_format").get<int>());
  members(contents, [&](const char* name, auto& value) { json.at(name).get_to(value); });
  for (const auto& cpu : json.at("cpus"))
    contents.cpus.push_back({.pc = cpu.at(0),
                             .sp = cpu.at(1),
                             .lr = cpu.at(2),
                             .pstate = cpu.at(3),
                             .pid = cpu.at(4),
                             .fp = cpu.at(5),
                             .registers = {}}); // these the child alone compares
  contents.crash = crash_state_from_json(json.at("crash"));
  json.at("canaries").get_to(contents.canaries);
  contents.shape.memory = ranges_from(json.at("memory"));
  contents.empty_pieces = ranges_from(json.at("empty_pieces"));
  return contents;
}

} // namespace kdt::vmcore
