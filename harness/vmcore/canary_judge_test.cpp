#include "vmcore/canary_judge.hpp"

#include <gmock/gmock.h>

using namespace kdt;
using namespace kdt::vmcore;
using testing::ElementsAre;
using testing::IsEmpty;
using State = Sighting::State;

namespace {

const std::vector<Canary> k_canaries{{"kernel", {0x1000}}, {"zero", {0x2000}}, {"free", {0x3000}},
                                     {"cache", {0x4000}},  {"user", {0x5000}}, {"slab", {0x6000}}};

/// What a true dump of this level shows.
std::vector<Sighting> sightings(unsigned filter) {
  std::vector<Sighting> seen;
  for (const auto& canary : k_canaries) {
    auto state = canary.kind == "zero" ? State::zeros : State::intact;
    seen.push_back({.address = canary.address, .state = leaves_out(filter, canary.kind) ? State::absent : state});
  }
  return seen;
}

std::vector<std::string> codes(const std::vector<Sighting>& seen, unsigned filter) {
  std::vector<std::string> codes;
  for (const auto& finding : judge_canaries(k_canaries, seen, filter)) codes.push_back(finding.code);
  return codes;
}

std::string left_out(unsigned filter) {
  std::string kinds;
  for (const auto& canary : k_canaries)
    if (leaves_out(filter, canary.kind)) kinds += canary.kind + " ";
  return kinds;
}

} // namespace

TEST(CanaryJudge, EachBitOfTheFilterLeavesOutItsKind) {
  EXPECT_EQ(left_out(0), "");
  EXPECT_EQ(left_out(1), "zero ");
  EXPECT_EQ(left_out(2), "cache ");
  EXPECT_EQ(left_out(4), "cache ");
  EXPECT_EQ(left_out(8), "user ");
  EXPECT_EQ(left_out(16), "free ");
  EXPECT_EQ(left_out(31), "zero free cache user ");
}

TEST(CanaryJudge, AcceptsATrueDumpOfEveryLevel) {
  for (unsigned filter = 0; filter < 32; ++filter) EXPECT_THAT(codes(sightings(filter), filter), IsEmpty()) << filter;
}

TEST(CanaryJudge, APageThatShouldBeThereAndIsNotIsMissing) {
  for (unsigned filter = 0; filter < 32; ++filter)
    for (std::size_t i = 0; i < k_canaries.size(); ++i) {
      if (leaves_out(filter, k_canaries[i].kind)) continue;
      auto seen = sightings(filter);
      seen[i].state = State::absent;
      // A free page may have been used again, and left out for what it became.
      if (k_canaries[i].kind == "free" && filter != 0)
        EXPECT_THAT(codes(seen, filter), IsEmpty()) << filter;
      else
        EXPECT_THAT(codes(seen, filter), ElementsAre("vmcore-canary-missing")) << filter << " " << k_canaries[i].kind;
    }
}

TEST(CanaryJudge, SaysOfWhichKindsThePagesAre) {
  auto seen = sightings(31);
  for (auto& sighting : seen) sighting.state = State::absent;
  auto findings = judge_canaries(k_canaries, seen, 31);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(
      findings[0].text,
      testing::EndsWith("2 of 6 pages with a known content are not in the vmcore (filter level 31): kernel, slab"));
}

TEST(CanaryJudge, APageThatShouldBeLeftOutAndIsThereIsNamed) {
  for (unsigned filter = 0; filter < 32; ++filter)
    for (std::size_t i = 0; i < k_canaries.size(); ++i) {
      if (!leaves_out(filter, k_canaries[i].kind) || k_canaries[i].kind == "zero") continue;
      auto seen = sightings(filter);
      seen[i].state = sightings(0)[i].state;
      EXPECT_THAT(codes(seen, filter), ElementsAre("vmcore-filter")) << filter << " " << k_canaries[i].kind;
    }
}

TEST(CanaryJudge, AFreePageThatWasGivenAwayAndNotWrittenToYetIsNoFaultOfTheFilter) {
  const std::vector<Canary> free(4, {"free", {0x3000}});
  std::vector<Sighting> seen(4);
  for (std::size_t strays = 1; strays <= 4; ++strays) {
    seen[strays - 1].state = State::intact;
    EXPECT_EQ(judge_canaries(free, seen, 16).size(), strays > 2 ? 1u : 0u) << strays;
  }
  Facts facts;
  seen = std::vector<Sighting>(4);
  seen[0].state = State::intact;
  observe_canaries(free, seen, 16, false, facts);
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.canaries_reused")), 1);
}

TEST(CanaryJudge, AnElfCoreMayKeepWhatIsLeftOutInShortRuns) {
  EXPECT_THAT(judge_canaries(k_canaries, sightings(0), 31, true), IsEmpty());
  auto seen = sightings(0);
  seen[4].state = State::different;
  EXPECT_EQ(judge_canaries(k_canaries, seen, 31, true).at(0).code, "vmcore-canary-damaged");
}

TEST(CanaryJudge, AnElfCoreReadsZerosWhereWhatIsLeftOutIsNotInTheFile) {
  auto seen = sightings(0);
  seen[3].state = State::zeros; // the page cache's
  EXPECT_THAT(judge_canaries(k_canaries, seen, 31, true), IsEmpty());
  Facts facts;
  observe_canaries(k_canaries, seen, 31, true, facts);
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.canaries_left_out")), 2); // and the page of zeros
  EXPECT_EQ(judge_canaries(k_canaries, seen, 0, true).at(0).code, "vmcore-canary-damaged");
  EXPECT_EQ(judge_canaries(k_canaries, seen, 31, false).at(0).code, "vmcore-canary-damaged");
  seen[0].state = State::zeros; // the kernel's, which no filter leaves out
  EXPECT_EQ(judge_canaries(k_canaries, seen, 31, true).at(0).code, "vmcore-canary-damaged");
}

TEST(CanaryJudge, APageOfZerosIsReadBackAsZerosAtEveryLevel) {
  for (unsigned filter = 0; filter < 32; ++filter) {
    auto seen = sightings(filter);
    seen[1].state = State::zeros;
    EXPECT_THAT(codes(seen, filter), IsEmpty()) << filter;
    seen[1].state = State::intact; // by the key, which a page of zeros never was
    EXPECT_THAT(codes(seen, filter), ElementsAre("vmcore-canary-damaged")) << filter;
  }
}

TEST(CanaryJudge, AnotherContentIsDamageButInAFreePage) {
  for (std::size_t i = 0; i < k_canaries.size(); ++i) {
    auto seen = sightings(0);
    seen[i].state = State::different;
    if (k_canaries[i].kind == "free")
      EXPECT_THAT(codes(seen, 0), IsEmpty());
    else
      EXPECT_THAT(codes(seen, 0), ElementsAre("vmcore-canary-damaged"));
  }
  auto seen = sightings(0);
  seen[0].state = State::zeros;
  EXPECT_THAT(codes(seen, 0), ElementsAre("vmcore-canary-damaged"));
}

TEST(CanaryJudge, CountsWhatItSaw) {
  Facts facts;
  auto seen = sightings(31);
  seen[2].state = State::different; // used again: stored at every level
  observe_canaries(k_canaries, seen, 31, false, facts);
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.canaries")), 6);
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.canaries_intact")), 2);
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.canaries_left_out")), 3);
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.canaries_reused")), 1);
}
