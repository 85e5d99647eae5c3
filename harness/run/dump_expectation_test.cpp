#include "base/error.hpp"
#include "run/canaries.hpp"
#include "run/dump_expectation.hpp"

#include <gmock/gmock.h>

using namespace kdt;
using namespace kdt::run;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

CellResult cell() {
  CellResult result;
  result.cell.parameters.dump.filter = 16;
  result.observed = {{"boot.release", std::string("6.1.0")},
                     {"boot.build_id", std::string("aa")},
                     {"boot.cpus", std::int64_t{3}},
                     {"boot.page_size", std::int64_t{4096}},
                     {"trigger.nonce", std::string("abc")},
                     {"panic.line", std::string("Kernel panic - not syncing: x")},
                     {"panic.system_ram", std::vector<std::string>{"0x40000000-0x80000000"}},
                     {"panic.crash_regions", std::vector<std::string>{"0x70000000-0x80000000"}},
                     {"canary.kernel", std::vector<std::string>{"0x40000000-0x40002000"}},
                     {"canary.user", std::vector<std::string>{"0x50000000-0x50001000"}}};
  return result;
}

} // namespace

TEST(DumpExpectation, IsWhatTheCellSawBeforeItsPanic) {
  auto expectation = dump_expectation(cell());
  EXPECT_EQ(expectation.release, "6.1.0");
  EXPECT_EQ(expectation.build_id, "aa");
  EXPECT_EQ(expectation.nonce, "abc");
  EXPECT_EQ(expectation.cpus, 3u);
  EXPECT_THAT(expectation.panic_markers, ElementsAre("Kernel panic - not syncing: x"));
  EXPECT_THAT(expectation.system_ram, ElementsAre(PhysRange{{0x40000000}, {0x80000000}}));
  EXPECT_THAT(expectation.crash_regions, ElementsAre(PhysRange{{0x70000000}, {0x80000000}}));
  EXPECT_EQ(expectation.filter, 16u);
  EXPECT_EQ(expectation.canary_key, canary_key("abc"));
  ASSERT_EQ(expectation.canaries.size(), 3u);
  EXPECT_EQ(expectation.canaries[1].address.value, 0x40001000u);
  EXPECT_EQ(expectation.canaries[2].kind, "user");
}

TEST(DumpExpectation, ACopyLeavesNothingOut) {
  auto copied = cell();
  copied.cell.parameters.dump.format = "copy";
  EXPECT_EQ(dump_expectation(copied).filter, 0u);
}

TEST(DumpExpectation, WhatWasNotObservedIsNotJudged) {
  auto expectation = dump_expectation({});
  EXPECT_FALSE(expectation.release || expectation.build_id || expectation.nonce || expectation.cpus);
  EXPECT_THAT(expectation.system_ram, IsEmpty());
  EXPECT_THAT(expectation.canaries, IsEmpty());
}

TEST(DumpExpectation, RefusesACellThatMakesNoSense) {
  auto endless = cell();
  endless.observed["canary.kernel"] = std::vector<std::string>{"0x0-0xffffffffffff0000"};
  EXPECT_THROW(dump_expectation(endless), Error);
}
