#include "vmcore/query.hpp"

#include <nlohmann/json.hpp>

namespace kdt::vmcore {

nlohmann::ordered_json to_json(const Query& query) {
  auto canaries = nlohmann::ordered_json::array();
  for (auto address : query.canaries) canaries.push_back(address.value);
  auto pieces = nlohmann::ordered_json::array();
  for (const auto& piece : query.pieces) pieces.push_back({piece.start.value, piece.end.value});
  return {{"key", query.key}, {"canaries", canaries}, {"pieces", pieces}, {"symbols", query.symbols}};
}

Query query_from_json(const nlohmann::ordered_json& json) {
  Query query{.key = json.at("key"), .canaries = {}, .pieces = {}, .symbols = json.at("symbols").get<LinkAddresses>()};
  for (const auto& address : json.at("canaries")) query.canaries.push_back({address.get<std::uint64_t>()});
  for (const auto& piece : json.at("pieces"))
    query.pieces.push_back({{piece.at(0).get<std::uint64_t>()}, {piece.at(1).get<std::uint64_t>()}});
  return query;
}

} // namespace kdt::vmcore
