#pragma once

#include "model/result.hpp"

#include <nlohmann/json_fwd.hpp>

namespace kdt {

/// The version of cell.json and run.json; reports/schema/*.schema.json describe it.
inline constexpr int k_schema = 1;

/// The forms of run.json (design.md section 5). from_* throw Error{usage} that names the missing or wrong member.
nlohmann::ordered_json to_json(const Value& value);
nlohmann::ordered_json to_json(const Facts& facts);
nlohmann::ordered_json to_json(const CellResult& cell);
nlohmann::ordered_json to_json(const RunResult& run);
nlohmann::ordered_json to_json(const Shard& shard);
Value value_from_json(const nlohmann::ordered_json& json);
Facts facts_from_json(const nlohmann::ordered_json& json);
CellResult cell_from_json(const nlohmann::ordered_json& json);
Shard shard_from_json(const nlohmann::ordered_json& json);
RunResult run_from_json(const nlohmann::ordered_json& json);

} // namespace kdt
