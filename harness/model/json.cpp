#include "model/json.hpp"

#include "model/json_forms.hpp"

#include <cmath>

namespace kdt {

using json::check_schema;
using json::Json;
using json::list;
using json::Place;
using json::text;
using json::text_or_null;
using json::texts;

namespace {

// ------------------------------------------------------------------------------------------------------- writing

struct ValueWriter {
  Json operator()(bool value) const { return value; }
  Json operator()(std::int64_t value) const { return value; }
  /// JSON has no infinity and no NaN: they are written as text.
  Json operator()(double value) const { return std::isfinite(value) ? Json(value) : Json(fmt::format("{}", value)); }
  Json operator()(const std::string& value) const { return text(value); }
  Json operator()(const std::vector<std::string>& value) const { return texts(value); }
};

Json parameters_json(const CellParameters& parameters) {
  const auto& dump = parameters.dump;
  Json json{{"kernel", text(parameters.kernel)},
            {"memory", parameters.memory.bytes},
            {"cpus", parameters.cpus},
            {"cpu", text(parameters.cpu)},
            {"rodata", text_or_null(parameters.rodata)},
            {"crashkernel", text_or_null(parameters.crashkernel)},
            {"loader", text(parameters.loader)},
            {"trigger", text(parameters.trigger)},
            {"dump",
             {{"filter", dump.filter},
              {"compression", text(dump.compression)},
              {"format", text(dump.format)},
              {"target", text(dump.target)}}},
            {"cmdline", text(parameters.cmdline)},
            {"capture_cmdline", text(parameters.capture_cmdline)}};
  if (dump.threads != DumpSettings{}.threads) json["dump"]["threads"] = dump.threads;
  if (dump.split != DumpSettings{}.split) json["dump"]["split"] = dump.split;
  if (parameters.shrink) json["shrink"] = parameters.shrink->bytes;
  if (parameters.trigger_cpu) json["trigger_cpu"] = *parameters.trigger_cpu;
  if (!parameters.capture_trigger.empty()) json["capture_trigger"] = text(parameters.capture_trigger);
  if (parameters.loads != "load") json["loads"] = text(parameters.loads);
  if (parameters.initramfs_size) json["initramfs_size"] = parameters.initramfs_size->bytes;
  if (!parameters.dtb_randomness) json["dtb_randomness"] = false;
  if (parameters.tcg_threads != CellParameters{}.tcg_threads) json["tcg_threads"] = text(parameters.tcg_threads);
  return json;
}

Json phase_json(const PhaseResult& phase) {
  Json json{{"name", to_string(phase.phase)}, {"seconds", phase.seconds.count()}, {"outcome", text(phase.outcome)}};
  if (phase.of_template) json["of_template"] = true;
  return json;
}

Json expected_json(const Expected& expected) {
  return {{"observation", text(expected.observation)},
          {"expected", text(expected.expected)},
          {"observed", text_or_null(expected.observed)},
          {"held", expected.held},
          {"rule", text(expected.rule)},
          {"because", text(expected.because)},
          {"source", text(expected.source)}};
}

Json finding_json(const Finding& finding) {
  return {{"code", text(finding.code)},
          {"blame", to_string(finding.blame)},
          {"phase", to_string(finding.phase)},
          {"text", text(finding.text)},
          {"evidence", texts(finding.evidence)}};
}

// ------------------------------------------------------------------------------------------------------- reading

Value read_value(const Place& place) {
  const auto& json = place.json();
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return place.integer<std::int64_t>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  place.require(json.is_array(), "true, false, a number, a text or a list of texts");
  return place.list([](const Place& item) { return item.text(); });
}

Facts read_facts(const Place& place) {
  Facts facts;
  place.each_member([&](const std::string& name, const Place& value) { facts[name] = read_value(value); });
  return facts;
}

std::optional<ByteSize> size_if_there(const Place& place, const char* name) {
  return place.has(name) ? std::optional(ByteSize{place[name].integer<std::uint64_t>()}) : std::nullopt;
}

CellParameters read_parameters(const Place& place) {
  auto dump = place["dump"];
  return {.kernel = place["kernel"].text(),
          .memory = {place["memory"].integer<std::uint64_t>()},
          .cpus = place["cpus"].integer<unsigned>(),
          .cpu = place["cpu"].text(),
          .rodata = place["rodata"].text_or_null(),
          .crashkernel = place["crashkernel"].text_or_null(),
          .loader = place["loader"].text(),
          .trigger = place["trigger"].text(),
          .trigger_cpu =
              place.has("trigger_cpu") ? std::optional(place["trigger_cpu"].integer<unsigned>()) : std::nullopt,
          .capture_trigger = place.has("capture_trigger") ? place["capture_trigger"].text() : "",
          .loads = place.has("loads") ? place["loads"].text() : "load",
          .initramfs_size = size_if_there(place, "initramfs_size"),
          .dtb_randomness = !place.has("dtb_randomness") || place["dtb_randomness"].boolean(),
          .tcg_threads = place.has("tcg_threads") ? place["tcg_threads"].text() : CellParameters{}.tcg_threads,
          .shrink = size_if_there(place, "shrink"),
          .dump = {.filter = dump["filter"].integer<int>(),
                   .compression = dump["compression"].text(),
                   .format = dump["format"].text(),
                   .target = dump["target"].text(),
                   .threads = dump.has("threads") ? dump["threads"].integer<unsigned>() : DumpSettings{}.threads,
                   .split = dump.has("split") ? dump["split"].integer<unsigned>() : DumpSettings{}.split},
          .cmdline = place["cmdline"].text(),
          .capture_cmdline = place["capture_cmdline"].text()};
}

PhaseResult read_phase(const Place& place) {
  return {.phase = place["name"].word(phase_from),
          .seconds = Seconds(place["seconds"].number()),
          .outcome = place["outcome"].text(),
          .of_template = place.has("of_template") && place["of_template"].boolean()};
}

Fork read_fork(const Place& place) {
  return {.of = place["template"].text(), .after = place["after"].word(phase_from)};
}

Expected read_expected(const Place& place) {
  return {.observation = place["observation"].text(),
          .expected = place["expected"].text(),
          .observed = place["observed"].text_or_null(),
          .held = place["held"].boolean(),
          .rule = place["rule"].text(),
          .because = place["because"].text(),
          .source = place["source"].text()};
}

Finding read_finding(const Place& place) {
  return {.code = place["code"].text(),
          .blame = place["blame"].word(blame_from),
          .phase = place["phase"].word(phase_from),
          .text = place["text"].text(),
          .evidence = place["evidence"].list([](const Place& line) { return line.text(); })};
}

Cell read_cell_proper(const Place& place) {
  Cell cell{.id = place["id"].text(),
            .slug = place["slug"].text(),
            .axes = {},
            .parameters = read_parameters(place["parameters"])};
  place["axes"].each_member(
      [&](const std::string& name, const Place& value) { cell.axes.emplace_back(name, value.text()); });
  return cell;
}

} // namespace

CellResult json::read_cell(const Place& place) {
  check_schema(place);
  CellResult result;
  result.cell = read_cell_proper(place);
  result.fingerprint = place["fingerprint"].text();
  result.facts = read_facts(place["facts"]);
  result.observed = read_facts(place["observed"]);
  result.verdict = place["verdict"].word(verdict_from);
  if (auto blame = place["blame"]; !blame.is_null()) result.blame = blame.word(blame_from);
  result.phases = place["phases"].list(read_phase);
  result.expectations = place["expected"].list(read_expected);
  result.findings = place["findings"].list(read_finding);
  result.artifacts = place["artifacts"].texts();
  result.backend = place["backend"].text();
  result.accelerator = place["accelerator"].text();
  result.attempts = place["attempts"].integer<int>();
  result.seconds = Seconds(place["seconds"].number());
  result.known_issue = place["known_issue"].text();
  if (place.has("fork")) result.fork = read_fork(place["fork"]);
  if (place.has("not_forked")) result.not_forked = place["not_forked"].text();
  return result;
}

Json to_json(const Value& value) {
  return std::visit(ValueWriter{}, value);
}

Json to_json(const Facts& facts) {
  Json json = Json::object();
  for (const auto& [name, value] : facts) json[text(name)] = to_json(value);
  return json;
}

Json to_json(const CellResult& cell) {
  Json axes = Json::object();
  for (const auto& [name, value] : cell.cell.axes) axes[text(name)] = text(value);
  Json json{{"schema", k_schema},
            {"id", text(cell.cell.id)},
            {"slug", text(cell.cell.slug)},
            {"verdict", to_string(cell.verdict)},
            {"blame", cell.blame ? Json(to_string(*cell.blame)) : Json(nullptr)},
            {"known_issue", text(cell.known_issue)},
            {"seconds", cell.seconds.count()},
            {"attempts", cell.attempts},
            {"backend", text(cell.backend)},
            {"accelerator", text(cell.accelerator)},
            {"fingerprint", text(cell.fingerprint)},
            {"axes", std::move(axes)},
            {"parameters", parameters_json(cell.cell.parameters)},
            {"findings", list(cell.findings, finding_json)},
            {"phases", list(cell.phases, phase_json)},
            {"expected", list(cell.expectations, expected_json)},
            {"observed", to_json(cell.observed)},
            {"facts", to_json(cell.facts)},
            {"artifacts", texts(cell.artifacts)}};
  if (cell.fork) json["fork"] = {{"template", text(cell.fork->of)}, {"after", to_string(cell.fork->after)}};
  if (!cell.not_forked.empty()) json["not_forked"] = text(cell.not_forked);
  return json;
}

Value value_from_json(const Json& json) {
  return read_value({json, "value"});
}

Facts facts_from_json(const Json& json) {
  return read_facts({json, ""});
}

CellResult cell_from_json(const Json& json) {
  return json::read_cell({json, ""});
}

} // namespace kdt
