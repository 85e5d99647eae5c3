#include "model/flakes.hpp"
#include "model/json_forms.hpp"

namespace kdt {

using json::check_schema;
using json::Json;
using json::list;
using json::Place;
using json::text;
using json::texts;

namespace {

std::string word_of(const Place& word) {
  return word.text();
}

std::vector<std::string> words_if_there(const Place& place, const char* member) {
  return place.has(member) ? place[member].list(word_of) : std::vector<std::string>();
}

Json shard_json(const Shard& shard) {
  Json cells = Json::object();
  for (const auto& [id, position] : shard.cells) cells[text(id)] = position;
  return {{"index", shard.index}, {"count", shard.count}, {"cut", shard.cut}, {"cells", std::move(cells)}};
}

Shard read_shard(const Place& place) {
  Shard shard{.index = place["index"].integer<unsigned>(),
              .count = place["count"].integer<unsigned>(),
              .cut = place["cut"].text(),
              .cells = {}};
  place["cells"].each_member([&](const std::string& id, const Place& position) {
    shard.cells.emplace_back(id, position.integer<std::size_t>());
  });
  return shard;
}

Json merged_json(const Merged& merged) {
  return {{"shards", merged.shards},
          {"missing_shards", merged.missing_shards},
          {"missing_cells", texts(merged.missing_cells)}};
}

Merged read_merged(const Place& place) {
  return {.shards = place["shards"].integer<unsigned>(),
          .missing_shards = place["missing_shards"].list([](const Place& index) { return index.integer<unsigned>(); }),
          .missing_cells = place["missing_cells"].list(word_of)};
}

Json since_json(const Since& since) {
  return {{"run_id", text(since.run_id)},
          {"started", text(since.started)},
          {"newly_broken", texts(since.newly_broken)},
          {"still_broken", texts(since.still_broken)},
          {"not_judged", texts(since.not_judged)},
          {"fixed", texts(since.fixed)},
          {"new_cells", texts(since.fresh)},
          {"gone_cells", texts(since.gone)}};
}

Since read_since(const Place& place) {
  return {.run_id = place["run_id"].text(),
          .started = place["started"].text(),
          .newly_broken = place["newly_broken"].list(word_of),
          .still_broken = place["still_broken"].list(word_of),
          .not_judged = place["not_judged"].list(word_of),
          .fixed = place["fixed"].list(word_of),
          .fresh = place["new_cells"].list(word_of),
          .gone = place["gone_cells"].list(word_of)};
}

Json share_json(const Share& share) {
  return {{"count", share.count}, {"of", share.of}, {"low", share.low()}, {"high", share.high()}};
}

Json repeats_json(const Repeats& repeats) {
  Json codes = Json::object();
  for (const auto& [code, count] : repeats.codes) codes[text(code)] = count;
  return {{"cell", text(repeats.cell)},
          {"runs", repeats.runs},
          {"failed", share_json(repeats.failed)},
          {"infra", share_json(repeats.infra)},
          {"codes", std::move(codes)}};
}

} // namespace

Json to_json(const RunResult& run) {
  Json counts = Json::object();
  auto by_verdict = totals(run.cells);
  for (auto verdict : k_verdicts) counts[std::string(to_string(verdict))] = by_verdict[verdict];
  Json json{{"schema", k_schema}, {"run_id", text(run.run_id)}, {"matrix", text(run.matrix)}};
  if (!run.own_kernels.empty()) {
    json["kernel_options"] = texts(run.kernel_options);
    json["own_kernels"] = texts(run.own_kernels);
  }
  if (run.shard) json["shard"] = shard_json(*run.shard);
  if (run.merged) json["merged"] = merged_json(*run.merged);
  if (run.since) json["baseline"] = since_json(*run.since);
  if (auto repeats = repeats_of(run.cells); !repeats.empty()) json["repeats"] = list(repeats, repeats_json);
  json.update(Json{{"host", texts(run.host)},
                   {"started", text(run.started)},
                   {"finished", text(run.finished)},
                   {"exit_status", run.exit_status},
                   {"totals", std::move(counts)},
                   {"cells", list(run.cells, [](const CellResult& cell) { return to_json(cell); })}});
  return json;
}

Json to_json(const Shard& shard) {
  return shard_json(shard);
}

Shard shard_from_json(const Json& json) {
  return read_shard({json, "shard"});
}

RunResult run_from_json(const Json& json) {
  Place place(json, "");
  check_schema(place);
  return {.run_id = place["run_id"].text(),
          .matrix = place["matrix"].text(),
          .kernel_options = words_if_there(place, "kernel_options"),
          .own_kernels = words_if_there(place, "own_kernels"),
          .host = place["host"].texts(),
          .started = place["started"].text(),
          .finished = place["finished"].text(),
          .exit_status = place["exit_status"].integer<int>(),
          .shard = place.has("shard") ? std::optional(read_shard(place["shard"])) : std::nullopt,
          .merged = place.has("merged") ? std::optional(read_merged(place["merged"])) : std::nullopt,
          .since = place.has("baseline") ? std::optional(read_since(place["baseline"])) : std::nullopt,
          .cells = place["cells"].list(json::read_cell)};
}

} // namespace kdt
