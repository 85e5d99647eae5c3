#include "kdt/canary.h"
#include "vmcore/canary.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <map>

using namespace kdt;
using namespace kdt::vmcore;
using State = Sighting::State;

namespace {

constexpr std::uint64_t k_key = 0x0123456789abcdef, k_page = 4096;

/// Pages by address, as a dump stores them.
struct Pages {
  std::map<std::uint64_t, std::string> bytes;

  void plant(std::uint64_t key, std::uint64_t address, std::uint64_t as_of) {
    std::string page(k_page, '\0');
    for (std::uint64_t at = 0; at < k_page; at += 8) {
      std::uint64_t word = kdt_canary_word(key, as_of + at);
      std::memcpy(page.data() + at, &word, 8);
    }
    bytes[address] = page;
  }
  Sighting look(std::uint64_t address) const {
    auto seen = look_for(k_key, {{address}}, k_page, [&](PhysAddr from, void* to, std::size_t count) {
      auto found = bytes.find(from.value);
      if (found == bytes.end()) return false;
      std::memcpy(to, found->second.data(), count);
      return true;
    });
    return seen.at(0);
  }
};

} // namespace

TEST(Canary, IsKnownByKeyAndAddress) {
  Pages pages;
  pages.plant(k_key, 0x40000000, 0x40000000);
  pages.plant(k_key, 0x40001000, 0x40002000);     // stored under another page's address
  pages.plant(k_key + 1, 0x40003000, 0x40003000); // of another run
  pages.bytes[0x40004000] = std::string(k_page, '\0');
  EXPECT_EQ(pages.look(0x40000000).state, State::intact);
  EXPECT_EQ(pages.look(0x40001000).state, State::different);
  EXPECT_EQ(pages.look(0x40003000).state, State::different);
  EXPECT_EQ(pages.look(0x40004000).state, State::zeros);
  EXPECT_EQ(pages.look(0x40005000).state, State::absent);
}

TEST(Canary, OneFlippedBitAnywhereIsSeen) {
  Pages pages;
  pages.plant(k_key, 0x40000000, 0x40000000);
  for (std::size_t at = 0; at < k_page; at += 37) {
    pages.bytes[0x40000000][at] ^= 1;
    auto seen = pages.look(0x40000000);
    EXPECT_EQ(seen.state, State::different) << at;
    EXPECT_EQ(seen.at, at / 8 * 8);
    pages.bytes[0x40000000][at] ^= 1;
  }
}

TEST(Canary, WordsDoNotRepeatFromPageToPage) {
  EXPECT_NE(kdt_canary_word(k_key, 0x40000000), kdt_canary_word(k_key, 0x40001000));
  EXPECT_NE(kdt_canary_word(k_key, 0x40000000), kdt_canary_word(k_key, 0x40000008));
  EXPECT_NE(kdt_canary_word(k_key, 0x40000000), kdt_canary_word(k_key + 1, 0x40000000));
}

TEST(Canary, SightingCrossesTheProcessBoundary) {
  nlohmann::ordered_json json = Sighting{.address = {0x40000000}, .state = State::different, .at = 8};
  auto back = json.get<Sighting>();
  EXPECT_EQ(back.address.value, 0x40000000u);
  EXPECT_EQ(back.state, State::different);
  EXPECT_EQ(back.at, 8u);
}
