#include "base/error.hpp"
#include "run/canaries.hpp"

#include <gmock/gmock.h>

using namespace kdt;
using namespace kdt::run;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

protocol::CanariesAnswer answer() {
  protocol::CanariesAnswer answer;
  answer.canaries = {{"cache", 0x50001000, {}},
                     {"cache", 0x50000000, {}},
                     {"user", 0x60000000, {}},
                     {"kernel", 0x40800000, 0x40000000},
                     {"kernel", 0x7ffff000, 0x7ffff000},
                     {"zero", 0x48000000, 0x48000000},
                     {"slab", 0x49001000, {}}};
  answer.missing = {"free near 0x40000000: No such file or directory"};
  answer.iomem = {{0x40000000, 0x7fffffff, "System RAM", 0}, {0x60000000, 0x6fffffff, "Crash kernel", 1}};
  return answer;
}

std::vector<std::string> lines(const Facts& facts, const std::string& name) {
  return std::get<std::vector<std::string>>(facts.at(name));
}

} // namespace

TEST(Canaries, AreObservedAsRanges) {
  Facts observed;
  observe_canaries(answer(), 4096, observed);
  EXPECT_THAT(lines(observed, "canary.cache"), ElementsAre("0x50000000-0x50002000"));
  EXPECT_THAT(lines(observed, "canary.kernel"), ElementsAre("0x40800000-0x40801000", "0x7ffff000-0x80000000"));
  EXPECT_THAT(lines(observed, "canary.free"), IsEmpty());
  EXPECT_THAT(lines(observed, "canary.away"), ElementsAre("0x40000000: 0x40800000, 8M away"));
  EXPECT_THAT(lines(observed, "panic.system_ram"), ElementsAre("0x40000000-0x80000000"));
  EXPECT_THAT(lines(observed, "panic.crash_regions"), ElementsAre("0x60000000-0x70000000"));
  EXPECT_THAT(unplanted_kinds(answer()), ElementsAre("free"));
}

TEST(Canaries, RangesAreReadBackAndNothingElseIs) {
  Facts observed;
  observe_canaries(answer(), 4096, observed);
  EXPECT_THAT(observed_ranges(observed, "canary.cache"), ElementsAre(PhysRange{{0x50000000}, {0x50002000}}));
  EXPECT_THAT(observed_ranges(observed, "canary.none"), IsEmpty());
  for (const char* bad : {"0x5", "5-6", "0x5-", "0x6-0x5", "", "0x5-0x6-0x7"}) {
    observed["bad"] = std::vector<std::string>{bad};
    EXPECT_THROW(observed_ranges(observed, "bad"), Error) << bad;
  }
}

TEST(Canaries, TheKeyFollowsFromTheNonce) {
  EXPECT_EQ(canary_key("40a6cc472c6173f0"), canary_key("40a6cc472c6173f0"));
  EXPECT_NE(canary_key("40a6cc472c6173f0"), canary_key("40a6cc472c6173f1"));
}
