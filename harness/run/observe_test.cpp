#include "run/observe.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

namespace {

constexpr std::uint64_t k_page = 4096;
constexpr std::uint64_t k_base = 0xada00000;

protocol::Facts booted(std::vector<protocol::IomemRange> crash) {
  protocol::Facts facts;
  facts.iomem = {{.start = 0x40000000, .last = 0xbfffffff, .name = "System RAM", .depth = 0}};
  for (auto& range : crash) facts.iomem.push_back(range);
  facts.dmesg = {"[    0.000000] Kernel command line: crashkernel=256M",
                 "[    0.000000] crashkernel reserved: 0x00000000ada00000 - 0x00000000bda00000 (256 MB)"};
  facts.kexec_crash_size = 0x10000000;
  return facts;
}

protocol::IomemRange crash_kernel(std::uint64_t start, std::uint64_t last) {
  return {.start = start, .last = last, .name = "Crash kernel", .depth = 1};
}

/// A region of ten pages of which the first `faulted` faulted.
protocol::ProbeAnswer probed(std::uint64_t faulted, std::string level = "pte") {
  protocol::ProbeAnswer answer;
  answer.linear_map = {
      .granule = k_page, .va_bits = 48, .levels = {{"pte", 0x80000000}}, .read_only = {}, .page_table_bytes = 4096};
  auto split = k_base + faulted * k_page;
  auto end = k_base + 10 * k_page;
  protocol::Region region{.start = k_base, .end = end, .label = "Crash kernel", .map = {}, .writes = {}};
  region.map.push_back(
      {.start = k_base, .end = end, .level = std::move(level), .cont = false, .valid = true, .writable = true});
  if (faulted > 0) region.writes.push_back({.start = k_base, .end = split, .result = "faulted", .fault = "load"});
  if (faulted < 10) region.writes.push_back({.start = split, .end = end, .result = "landed", .fault = {}});
  answer.regions.push_back(region);
  return answer;
}

} // namespace

TEST(ObserveBoot, OneRegionIsTheMainOne) {
  Facts observed;
  observe_boot(booted({crash_kernel(k_base, 0xbd9fffff)}), observed);
  EXPECT_EQ(observed.at("reservation.present"), Value(true));
  EXPECT_EQ(observed.at("reservation.start"), Value(std::int64_t{k_base}));
  EXPECT_EQ(observed.at("reservation.size"), Value(std::int64_t{0x10000000}));
  EXPECT_EQ(observed.at("reservation.low.present"), Value(false));
}

TEST(ObserveBoot, OfTwoRegionsTheLowerIsTheCompanion) {
  Facts observed;
  observe_boot(booted({crash_kernel(0x226e00000, 0x236dfffff), crash_kernel(0xfc000000, 0xffffffff)}), observed);
  EXPECT_EQ(observed.at("reservation.start"), Value(std::int64_t{0x226e00000}));
  EXPECT_EQ(observed.at("reservation.low.start"), Value(std::int64_t{0xfc000000}));
}

TEST(ObserveBoot, WithoutARegionNothingIsReserved) {
  Facts observed;
  observe_boot(booted({}), observed);
  EXPECT_EQ(observed.at("reservation.present"), Value(false));
  EXPECT_FALSE(observed.contains("reservation.start"));
}

TEST(ObserveBoot, KeepsTheKernelsOwnWordsButNotItsCommandLine) {
  Facts observed;
  observe_boot(booted({}), observed);
  EXPECT_EQ(observed.at("reservation.dmesg"),
            Value(std::vector<std::string>{"crashkernel reserved: 0x00000000ada00000 - 0x00000000bda00000 (256 MB)"}));
  auto nameless = booted({});
  nameless.dmesg = {"[    0.000000] Memory value expected after '@'", "[    0.000000] Booting Linux"};
  observe_boot(nameless, observed);
  EXPECT_EQ(observed.at("reservation.dmesg"), Value(std::vector<std::string>{"Memory value expected after '@'"}));
}

TEST(ObserveBoot, WhatPassedBeforeTheKernelsClockRanIsEarly) {
  Facts observed;
  auto facts = booted({});
  facts.dmesg = {"[    0.000000] Booting Linux", "[   34.826434] Run /init as init process",
                 "[   40.000000] random: crng init done"};
  observe_boot_time(77.5, facts, observed);
  EXPECT_EQ(observed.at("boot.seconds"), Value(77.5));
  EXPECT_NEAR(std::get<double>(observed.at("boot.early_seconds")), 42.67, 0.01);
  Facts ahead;
  observe_boot_time(30, facts, ahead); // a guest whose clock runs ahead: no figure rather than a wrong one
  EXPECT_FALSE(ahead.contains("boot.early_seconds"));
}

TEST(ObserveBoot, ALogWithoutTimeStampsTellsNothingOfTheEarlyPart) {
  for (const char* line :
       {"Run /init as init process 1", "[", "[no stamp] 5", "", "[    5.000000] random: crng init done"}) {
    Facts observed;
    auto facts = booted({});
    facts.dmesg = {line};
    observe_boot_time(1, facts, observed);
    EXPECT_FALSE(observed.contains("boot.early_seconds")) << line;
  }
}

TEST(ObserveProbe, BeforeTheLoadEveryWriteShouldLand) {
  Facts observed;
  observe_probe_before(probed(0), observed);
  EXPECT_EQ(observed.at("probe.before"), Value("lands"));
  EXPECT_EQ(observed.at("map.region"), Value("pages"));
  EXPECT_EQ(observed.at("map.all"), Value("pages"));
  observe_probe_before(probed(1), observed);
  EXPECT_EQ(observed.at("probe.before"), Value("mixed"));
  EXPECT_EQ(observed.at("probe.before.faulted_pages"), Value(std::int64_t{1}));
}

TEST(ObserveMap, CountsBytesAndEntriesOfEachKind) {
  Facts observed;
  auto answer = probed(0);
  answer.linear_map.levels = {{"pud", 2ULL << 30},    {"contpmd", 32ULL << 20}, {"pmd", 4ULL << 20},
                              {"contpte", 128 << 10}, {"pte", 40960},           {"invalid", 8192}};
  observe_map("hostmap.", answer, observed);
  for (auto [name, value] : std::initializer_list<std::pair<const char*, std::int64_t>>{{"pud_bytes", 2LL << 30},
                                                                                        {"pud_entries", 2},
                                                                                        {"cont_pmd_bytes", 32 << 20},
                                                                                        {"cont_pmd_entries", 16},
                                                                                        {"pmd_entries", 2},
                                                                                        {"cont_pte_entries", 32},
                                                                                        {"pte_entries", 10},
                                                                                        {"invalid_bytes", 8192},
                                                                                        {"table_bytes", 4096}})
    EXPECT_EQ(observed.at(std::string("hostmap.") + name), Value(value)) << name;
}

TEST(ObserveMap, EntriesOfA64KGranuleAreLarger) {
  Facts observed;
  auto answer = probed(0);
  answer.linear_map = {
      .granule = 65536, .va_bits = 48, .levels = {{"pmd", 1ULL << 30}}, .read_only = {}, .page_table_bytes = 65536};
  observe_map("map.", answer, observed);
  EXPECT_EQ(observed.at("map.pmd_entries"), Value(std::int64_t{2}));
}

TEST(ObserveMap, ClosedPagesAreInvalidOrReadOnly) {
  Facts observed;
  auto answer = probed(0);
  auto run = answer.regions[0].map[0];
  run.end = run.start + 4096;
  run.valid = false;
  answer.regions[0].map.push_back(run);
  run.valid = true;
  run.writable = false;
  answer.regions[0].map.push_back(run);
  observe_closed_pages(answer, observed);
  EXPECT_EQ(observed.at("hostmap.closed_pages"), Value(std::int64_t{2}));
}

TEST(ObserveProbe, BlocksShow) {
  Facts observed;
  auto answer = probed(0, "pmd");
  answer.linear_map.levels["pmd"] = 0x200000;
  observe_probe_before(answer, observed);
  EXPECT_EQ(observed.at("map.region"), Value("blocks"));
  EXPECT_EQ(observed.at("map.all"), Value("blocks"));
}

TEST(ObserveProbe, TheReadOnlyAliasOfTheKernelIsNoBlockMapping) {
  Facts observed;
  auto answer = probed(0);
  answer.linear_map.levels["pmd"] = 0x200000;
  answer.linear_map.read_only["pmd"] = 0x200000;
  observe_probe_before(answer, observed);
  EXPECT_EQ(observed.at("map.all"), Value("pages"));
}

TEST(ObserveProbe, SegmentsAndTheRestAreToldApart) {
  Facts observed;
  std::vector<PhysRange> segments{{{k_base}, {k_base + 3 * k_page}}};
  observe_probe_after(probed(3), segments, observed);
  EXPECT_EQ(observed.at("probe.segments"), Value("faults"));
  EXPECT_EQ(observed.at("probe.rest"), Value("lands"));
  EXPECT_EQ(observed.at("probe.segment_pages"), Value(std::int64_t{3}));
  observe_probe_after(probed(2), segments, observed); // one page of a segment can be written
  EXPECT_EQ(observed.at("probe.segments"), Value("mixed"));
  observe_probe_after(probed(4), segments, observed); // one page too many is protected
  EXPECT_EQ(observed.at("probe.rest"), Value("mixed"));
  observe_probe_after(probed(0), segments, observed);
  EXPECT_EQ(observed.at("probe.segments"), Value("lands"));
}

TEST(ObserveProbe, OfSegmentsThatNobodyKnowsNothingIsSaid) {
  Facts observed;
  observe_probe_after(probed(3), std::nullopt, observed);
  EXPECT_EQ(observed.at("probe.faulted_pages"), Value(std::int64_t{3}));
  EXPECT_EQ(observed.at("probe.landed_pages"), Value(std::int64_t{7}));
  for (const auto* name : {"probe.segments", "probe.rest", "probe.segment_pages", "probe.rest_pages"})
    EXPECT_FALSE(observed.contains(name)) << name;
}

TEST(UntriedPages, CountsGapsAtEveryPlace) {
  EXPECT_EQ(untried_pages(probed(3)), 0U);
  auto answer = probed(3);
  answer.regions[0].writes[0].end -= k_page; // in the middle
  EXPECT_EQ(untried_pages(answer), 1U);
  answer.regions[0].writes[1].end -= 2 * k_page; // at the end
  EXPECT_EQ(untried_pages(answer), 3U);
  answer.regions[0].writes.clear();
  EXPECT_EQ(untried_pages(answer), 10U);
}

TEST(ObserveCapture, ListsTheRamItSees) {
  Facts observed;
  observe_capture(booted({}), observed);
  EXPECT_EQ(observed.at("capture.system_ram"), Value(std::vector<std::string>{"0x40000000-0xc0000000"}));
}

TEST(ObserveBoot, ZonesEndWhereTheLastOneThatHoldsMemoryDoes) {
  Facts observed;
  auto facts = booted({});
  facts.dmesg = {"[    0.000000]   DMA      [mem 0x0000000040000000-0x00000000ffffffff]",
                 "[    0.000000]   DMA32    empty",
                 "[    0.000000]   Normal   [mem 0x0000000100000000-0x000000013fffffff]"};
  observe_boot(facts, observed);
  EXPECT_EQ(observed.at("boot.dma_end"), Value(std::int64_t{1} << 32));
  observed.clear();
  facts.dmesg.erase(facts.dmesg.begin(), facts.dmesg.begin() + 2);
  observe_boot(facts, observed);
  EXPECT_FALSE(observed.contains("boot.dma_end"));
}

TEST(ObserveLoad, KeepsTheLastWordsOfAFailureOnly) {
  Facts observed;
  protocol::LoadAnswer answer;
  answer.output = "a\n\nkexec_file_load failed: Cannot assign requested address\n";
  observe_load(answer, observed);
  EXPECT_FALSE(observed.contains("load.output"));
  answer.exit_status = 255;
  observe_load(answer, observed);
  EXPECT_EQ(observed.at("load.output"),
            Value(std::vector<std::string>{"a", "kexec_file_load failed: Cannot assign requested address"}));
}

TEST(ObserveProbe, TellsWhereTheSegmentsLieInTheRegion) {
  Facts observed;
  std::vector<PhysRange> segments{{{k_base + 8 * k_page}, {k_base + 9 * k_page}}, {{k_base}, {k_base + 3 * k_page}}};
  observe_probe_after(probed(3), segments, observed);
  EXPECT_EQ(observed.at("load.segment_count"), Value(std::int64_t{2}));
  EXPECT_EQ(observed.at("load.segments_inside"), Value(true));
  EXPECT_EQ(observed.at("load.segments_offset"), Value(std::int64_t{0}));
  EXPECT_EQ(observed.at("load.segments_tail"), Value(std::int64_t{k_page}));
  segments[1].start.value -= k_page;
  observe_probe_after(probed(3), segments, observed);
  EXPECT_EQ(observed.at("load.segments_inside"), Value(false));
}

TEST(ObserveResize, OfAShrinkAlsoWhereTheRegionIsNow) {
  Facts observed;
  protocol::ResizeAnswer answer{.error = "", .size = 0x1000, .regions = {crash_kernel(k_base, k_base + 0xfff)}};
  observe_resize("shrink", answer, observed);
  EXPECT_EQ(observed.at("shrink.error"), Value("none"));
  EXPECT_EQ(observed.at("shrink.end"), Value(std::int64_t{k_base + 0x1000}));
  EXPECT_EQ(observed.at("shrink.low.present"), Value(false));
  answer.error = "EINVAL";
  observe_resize("grow", answer, observed);
  EXPECT_EQ(observed.at("grow.error"), Value("EINVAL"));
  EXPECT_FALSE(observed.contains("grow.start"));
}

TEST(ObserveCapture, ReadsWhatTheVmcoreSaysItHolds) {
  Facts observed;
  auto facts = booted({});
  facts.vmcore = {{.type = 4, .vaddr = 0, .paddr = 0, .size = 0x1000},
                  {.type = 1, .vaddr = 0xffff800008000000, .paddr = 0x40200000, .size = 0x600000}, // the image
                  {.type = 1, .vaddr = 0xffff0000a0000000, .paddr = 0xe0000000, .size = 0x1000},
                  {.type = 1, .vaddr = 0xffff000000000000, .paddr = 0x40000000, .size = 0x80000000}};
  observe_capture(facts, observed);
  EXPECT_EQ(observed.at("capture.vmcore_headers"), Value(std::int64_t{4}));
  EXPECT_EQ(observed.at("capture.vmcore_ranges"),
            Value(std::vector<std::string>{"0x40000000-0xc0000000", "0xe0000000-0xe0001000"}));
  EXPECT_EQ(observed.at("capture.vmcore_base"), Value("0xffff000000000000"));
  (*facts.vmcore)[2].vaddr += 0x1000;
  observe_capture(facts, observed);
  EXPECT_EQ(observed.at("capture.vmcore_base"), Value("mixed"));
}

} // namespace kdt::run
