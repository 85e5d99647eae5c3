#include "canary_places.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace kdt::agent {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t k_page = 4096;

bool wanted(const std::vector<Place>& places, std::uint64_t near) {
  return std::any_of(places.begin(), places.end(),
                     [near](const Place& place) { return place.kind == "kernel" && place.near == near; });
}

} // namespace

void PrintTo(const Span& span, std::ostream* os) {
  *os << std::hex << span.from << "-" << span.to;
}

TEST(DumpedMemory, IsRamWithoutTheCrashRegions) {
  EXPECT_THAT(
      dumped_memory({{0x40000000, 0x13fffffff, "System RAM", 0},
                     {0x40210000, 0x4056ffff, "Kernel code", 1},
                     {0xfc000000, 0xffffffff, "Crash kernel", 1},
                     {0x12b600000, 0x13b5fffff, "Crash kernel", 1}},
                    k_page),
      ElementsAre(Span{0x40000000, 0xfc000000}, Span{0x100000000, 0x12b600000}, Span{0x13b600000, 0x140000000}));
  EXPECT_THAT(
      dumped_memory({{0x40000000, 0x7fffffff, "System RAM", 0}, {0x70000000, 0x7fffffff, "Crash kernel", 1}}, k_page),
      ElementsAre(Span{0x40000000, 0x70000000}));
  EXPECT_THAT(dumped_memory({}, k_page), IsEmpty());
}

TEST(DumpedMemory, WhatACrashRegionGaveBackIsNoPieceOfItsOwn) {
  EXPECT_THAT(dumped_memory({{0x40000000, 0x13fffffff, "System RAM", 0},
                             {0x12b600000, 0x1335fffff, "Crash kernel", 1},
                             {0x133600000, 0x13b5fffff, "System RAM", 1}},
                            k_page),
              ElementsAre(Span{0x40000000, 0x12b600000}, Span{0x133600000, 0x140000000}));
}

TEST(DumpedMemory, HoldsWholePagesOnly) {
  EXPECT_THAT(dumped_memory({{0x40000800, 0x40003fff, "System RAM", 0},
                             {0x40005000, 0x400057ff, "System RAM", 0},
                             {0x40002000, 0x400026a0, "Crash kernel", 1}},
                            k_page),
              ElementsAre(Span{0x40001000, 0x40002000}, Span{0x40003000, 0x40004000}));
}

TEST(CanaryPlaces, BothEndsOfEverySpanAndBothSidesOf4GiB) {
  const std::vector<Span> memory{{0x40000000, 0x60000000}, {0x70000000, 0x140000000}};
  const auto places = canary_places(memory, k_page);
  for (const std::uint64_t near :
       {0x40000000ull, 0x5ffff000ull, 0x70000000ull, 0xfffff000ull, 0x100000000ull, 0x13ffff000ull})
    EXPECT_TRUE(wanted(places, near)) << std::hex << near;
  EXPECT_FALSE(wanted(canary_places({{0x40000000, 0x60000000}}, k_page), 0x100000000));
}

TEST(CanaryPlaces, AreOfEveryKindInEachSpanAndInsideIt) {
  const std::vector<Span> memory{{0x40000000, 0x60000000}, {0x70000000, 0x70001000}};
  const auto places = canary_places(memory, k_page);
  for (const auto& span : memory)
    for (const std::string kind : {"kernel", "zero", "free"})
      EXPECT_TRUE(std::any_of(places.begin(), places.end(),
                              [&](const Place& place) { return place.kind == kind && place.span == span; }));
  for (const auto& place : places) {
    EXPECT_GE(place.near, place.span.from);
    EXPECT_LT(place.near, place.span.to);
    EXPECT_EQ(place.near % k_page, 0u);
  }
  EXPECT_LT(places.size(), 40u);
}

} // namespace kdt::agent
