#include "guest/asker.hpp"
#include "guest/region.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace kdt::guest {

namespace {

using testing::ElementsAre;
using testing::Pair;

/// The n-th answer (from 0) of a recorded session to an ask.
template <class Record>
Record recorded(const std::string& name, const std::string& ask, int number = 0) {
  std::ifstream file(std::string(KDT_TESTDATA) + "/" + name);
  Asker asker;
  for (const auto what : {"facts", "probe", "load", "probe", "trigger", "facts", "save", "poweroff"}) asker.ask(what);
  for (std::string line; std::getline(file, line);) {
    const auto message = asker.feed(line);
    const auto* answer = message ? std::get_if<Answer>(&*message) : nullptr;
    if (answer && answer->ask == ask && number-- == 0) return read<Record>(*answer);
  }
  ADD_FAILURE() << "no such answer: " << ask;
  return {};
}

using Probe = protocol::ProbeAnswer;

PhysRange pages(std::uint64_t first, std::uint64_t last) {
  return {PhysAddr{first * 4096}, PhysAddr{(last + 1) * 4096}};
}

/// A region of 16 pages of which the pages named by `faulted` (first and last) take no store.
Probe probe_with(std::vector<PhysRange> faulted) {
  Probe probe;
  probe.linear_map.granule = 4096;
  protocol::Region region{.start = 0, .end = 16 * 4096, .label = "Crash kernel", .map = {}, .writes = {}};
  std::uint64_t at = 0;
  for (const auto& range : faulted) {
    if (at < range.start.value)
      region.writes.push_back({.start = at, .end = range.start.value, .result = "landed", .fault = {}});
    at = range.end.value;
    region.writes.push_back({.start = range.start.value, .end = at, .result = "faulted", .fault = "load"});
  }
  if (at < region.end) region.writes.push_back({.start = at, .end = region.end, .result = "landed", .fault = {}});
  probe.regions.push_back(region);
  return probe;
}

} // namespace

TEST(Protection, BeforeLoadEveryStoreLands) {
  const auto seen = protection(recorded<Probe>("kexec_load.jsonl", "probe"), {});
  EXPECT_EQ(seen.segments.word(), "none");
  EXPECT_EQ(seen.rest.word(), "lands");
  EXPECT_EQ(seen.rest.landed, ByteSize::mib(256));
}

TEST(SegmentsOf, TheKernelsOwnListCountsFirst) {
  Probe probe;
  protocol::LoadAnswer load;
  EXPECT_EQ(segments_of(probe, load), std::nullopt);
  load.segments = {{.start = 0x1000, .size = 0x1000}};
  EXPECT_EQ(segments_of(probe, load), std::vector{pages(1, 1)});
  probe.segments.emplace(); // nothing is loaded, whatever kexec meant to
  EXPECT_EQ(segments_of(probe, load), std::vector<PhysRange>{});
  probe.segments = {{{.start = 0x3000, .size = 0x2000}}};
  EXPECT_EQ(segments_of(probe, load), std::vector{pages(3, 4)});
}

TEST(SegmentsOf, BeforeLoadTheKernelHasNone) {
  EXPECT_EQ(segments_of(recorded<Probe>("kexec_file_load.jsonl", "probe"), {}), std::vector<PhysRange>{});
}

TEST(SegmentsOf, TheKernelAndKexecAgree) {
  const auto load = recorded<protocol::LoadAnswer>("kexec_load.jsonl", "load");
  auto probe = recorded<Probe>("kexec_load.jsonl", "probe", 1);
  ASSERT_TRUE(probe.segments);
  const auto of_kernel = segments_of(probe, load);
  probe.segments.reset();
  EXPECT_EQ(of_kernel, segments_of(probe, load));
}

TEST(Protection, OfKexecLoadCoversExactlyTheSegmentsThatKexecListed) {
  const auto load = recorded<protocol::LoadAnswer>("kexec_load.jsonl", "load");
  const auto probe = recorded<Probe>("kexec_load.jsonl", "probe", 1);
  EXPECT_EQ(load.segments.size(), 5u);
  const auto seen = protection(probe, segments_of({}, load).value());
  EXPECT_EQ(seen.segments.word(), "faults");
  EXPECT_EQ(seen.rest.word(), "lands");
  EXPECT_EQ(seen.segments.faulted + seen.rest.landed, ByteSize::mib(256));
}

TEST(Protection, OfKexecFileLoadCoversExactlyTheSegmentsThatTheKernelHolds) {
  for (const auto name : {"kexec_file_load.jsonl", "nodma_rodata_on.jsonl"}) {
    const auto probe = recorded<Probe>(name, "probe", 1);
    ASSERT_TRUE(probe.segments) << name;
    EXPECT_EQ(probe.segments->size(), 4u); // kernel, elfcorehdr, initramfs, device tree
    const auto seen = protection(probe, segments_of(probe, {}).value());
    EXPECT_EQ(seen.segments.word(), "faults");
    EXPECT_EQ(seen.rest.word(), "lands");
    EXPECT_EQ(invalid_parts(probe.regions.at(0)).size(), 3u); // kernel and initramfs lie side by side
  }
}

TEST(Protection, TellsASegmentPageThatTookTheStore) {
  const auto seen = protection(probe_with({pages(4, 6)}), {pages(4, 7)});
  EXPECT_EQ(seen.segments, (Stores{.landed = ByteSize{4096}, .faulted = ByteSize{3 * 4096}}));
  EXPECT_EQ(seen.segments.word(), "mixed");
  EXPECT_EQ(seen.rest.word(), "lands");
}

TEST(Protection, TellsAPageBesideTheSegmentsThatFaulted) {
  const auto seen = protection(probe_with({pages(4, 8)}), {pages(4, 7)});
  EXPECT_EQ(seen.segments.word(), "faults");
  EXPECT_EQ(seen.rest.word(), "mixed");
}

TEST(Protection, SegmentsThatOverlapOrEndInsideAPageCountTheirPagesOnce) {
  const PhysRange first{PhysAddr{4 * 4096}, PhysAddr{5 * 4096 + 100}},
      second{PhysAddr{5 * 4096 + 50}, PhysAddr{7 * 4096}};
  const auto seen = protection(probe_with({pages(4, 6)}), {second, first});
  EXPECT_EQ(seen.segments, (Stores{.landed = {}, .faulted = ByteSize{3 * 4096}}));
  EXPECT_EQ(seen.rest.landed, (ByteSize{13 * 4096}));
}

TEST(Protection, OfNoRegionIsEmpty) {
  const auto seen = protection({}, {pages(1, 2)});
  EXPECT_EQ(seen.segments.word(), "none");
  EXPECT_EQ(seen.rest.word(), "none");
}

TEST(Mapping, TellsPagesFromBlocksAndInvalidFromMapped) {
  const auto region = recorded<Probe>("nodma_rodata_on.jsonl", "probe", 1).regions.at(0);
  EXPECT_THAT(mapping(region), ElementsAre(Pair("invalid", ByteSize{12357632}), Pair("pte", ByteSize{256077824})));
  EXPECT_TRUE(base_pages_only(region));
}

TEST(Mapping, ABlockOrAContiguousRunIsNotBasePages) {
  protocol::Region region;
  region.map = {{.start = 0, .end = 1 << 21, .level = "pmd", .cont = false, .valid = true, .writable = true}};
  EXPECT_FALSE(base_pages_only(region));
  region.map = {{.start = 0, .end = 1 << 16, .level = "pte", .cont = true, .valid = true, .writable = true}};
  EXPECT_FALSE(base_pages_only(region));
  EXPECT_THAT(mapping(region), ElementsAre(Pair("contpte", ByteSize{1 << 16})));
}

TEST(Mapping, TheWholeLinearMapIsJudgedWithoutTheReadOnlyAliasOfTheKernel) {
  const auto pages_map = recorded<Probe>("kexec_load.jsonl", "probe").linear_map;
  EXPECT_TRUE(base_pages_only(pages_map));
  EXPECT_FALSE(base_pages_only(recorded<Probe>("nodma_rodata_on.jsonl", "probe").linear_map));
  protocol::LinearMap alias = pages_map;
  alias.levels["pmd"] = alias.read_only["pmd"] = 2 << 20;
  EXPECT_TRUE(base_pages_only(alias));
  alias.levels["pmd"] *= 2;
  EXPECT_FALSE(base_pages_only(alias));
}

} // namespace kdt::guest
