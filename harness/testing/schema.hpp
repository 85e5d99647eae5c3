#pragma once

#include "base/file.hpp"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <string>
#include <string_view>

namespace kdt::testing {

/// Puts the schemas of the same folder in the place of {"$ref": "file"}. valijson 1.0 keys its cache by the path inside
/// a document only, so that a second document's root would be taken for the first one's.
inline nlohmann::json load_schema(const fs::path& file) {
  auto schema = nlohmann::json::parse(read_file(file));
  auto expand = [&](auto& self, nlohmann::json& node) -> void {
    if (node.is_object() && node.contains("$ref"))
      node = load_schema(file.parent_path() / node["$ref"].get<std::string>());
    else if (node.is_structured())
      for (auto& child : node) self(self, child);
  };
  expand(expand, schema);
  return schema;
}

/// Holds JSON text against a schema of reports/schema; empty when it is valid, else what is wrong, a line each.
inline std::string schema_errors(const fs::path& schema_file, std::string_view text) {
  auto document = load_schema(schema_file);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document), schema);
  auto target = nlohmann::json::parse(text);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(target), &results)) return "";
  std::string errors;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const auto& step : error.context) errors += step;
    errors += ": " + error.description + "\n";
  }
  return errors.empty() ? "invalid\n" : errors;
}

} // namespace kdt::testing
