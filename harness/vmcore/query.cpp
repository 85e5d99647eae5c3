#include "vmcore/query.hpp"

#include <nlohmann/json.hpp>

namespace kdt::vmcore {

nlohmann::ordered_json to_json(const Query& query) {
  auto canaries = nlohmann::ordered_json::array();
  for (auto address : query.canaries) canaries.push_back(address.value);
  return {{"key", query.key}, {"canaries", canaries}, {"symbols", query.symbols}};
}

Query query_from_json(const nlohmann::ordered_json& json) {
  Query query{.key = json.at("key"), .canaries = {}, .symbols = json.at("symbols").get<LinkAddresses>()};
  for (const auto& address : json.at("canaries")) query.canaries.push_back({address.get<std::uint64_t>()});
  return query;
}

} // namespace kdt::vmcore
