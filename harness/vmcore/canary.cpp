#include "vmcore/canary.hpp"

#include "kdt/canary.h"
#include "vmcore/raw_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace kdt::vmcore {

namespace {

Sighting compare(std::uint64_t key, PhysAddr address, const std::vector<unsigned char>& page) {
  if (std::ranges::all_of(page, [](unsigned char byte) { return byte == 0; }))
    return {.address = address, .state = Sighting::State::zeros};
  for (std::uint64_t at = 0; at < page.size(); at += sizeof(std::uint64_t))
    if (load<std::uint64_t>(page.data() + at) != kdt_canary_word(key, address.value + at))
      return {.address = address, .state = Sighting::State::different, .at = at};
  return {.address = address, .state = Sighting::State::intact};
}

} // namespace

std::vector<Sighting> look_for(std::uint64_t key, const std::vector<PhysAddr>& canaries, std::uint64_t page_size,
                               const ReadPhysical& read) {
  std::vector<Sighting> sightings;
  std::vector<unsigned char> page(page_size / sizeof(std::uint64_t) * sizeof(std::uint64_t));
  for (auto address : canaries)
    if (read(address, page.data(), page.size()))
      sightings.push_back(compare(key, address, page));
    else
      sightings.push_back({.address = address});
  return sightings;
}

void to_json(nlohmann::ordered_json& json, const Sighting& sighting) {
  json = {sighting.address.value, static_cast<int>(sighting.state), sighting.at};
}

void from_json(const nlohmann::ordered_json& json, Sighting& sighting) {
  sighting = {.address = {json.at(0).get<std::uint64_t>()},
              .state = static_cast<Sighting::State>(std::clamp(json.at(1).get<int>(), 0, 3)),
              .at = json.at(2).get<std::uint64_t>()};
}

} // namespace kdt::vmcore
