#include "base/error.hpp"
#include "run/cell_runner_fixture.hpp"
#include "run/templates.hpp"

#include <gmock/gmock.h>

namespace kdt::run {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::StartsWith;

namespace {
/// Two cells of one group, and one of none.
class TemplatesTest : public CellRunnerTest {
protected:
  Templates templates_{
      {.groups = {{.name = "probe-1", .after = Phase::probe, .cells = {0, 2}}}, .group_of = {0, std::nullopt, 0}}};

  bool make() { return templates_.make(0, cell_, context(), ByteSize::mib(400), ByteSize::gib(8)); }
  /// One that will take 4 MiB.
  bool make_small(ByteSize spare) { return templates_.make(0, cell_, context(), ByteSize::mib(4), spare); }
  std::vector<std::string> nameless() const { return nameless_in(directory_.path() / "cell"); }
};
} // namespace

TEST_F(TemplatesTest, KeepsATemplateUntilTheLastOfItsCellsHasEnded) {
  EXPECT_EQ(templates_.origin_of(0).fork_of, nullptr);
  ASSERT_TRUE(make()) << templates_.why_not(0);
  const auto* made = templates_.origin_of(0).fork_of;
  ASSERT_NE(made, nullptr);
  auto ram = made->ram.path();
  EXPECT_EQ(templates_.origin_of(2).fork_of, made);
  EXPECT_EQ(templates_.origin_of(1).fork_of, nullptr);
  templates_.ended(0);
  templates_.ended(1);
  EXPECT_TRUE(fs::exists(ram));
  templates_.ended(2);
  EXPECT_FALSE(fs::exists(ram));
}

TEST_F(TemplatesTest, WithLittleMemoryToSpareTheRamFileIsOnDiskWhileItIsNeeded) {
  auto ram = [&] { return fs::read_symlink(templates_.origin_of(0).fork_of->ram.path()).string(); };
  ASSERT_TRUE(make_small(ByteSize::mib(8))) << templates_.why_not(0);
  EXPECT_THAT(ram(), StartsWith("/memfd:kdt"));
  start_again();
  ASSERT_TRUE(make_small(ByteSize::mib(7))) << templates_.why_not(0);
  EXPECT_THAT(nameless(), Contains(ram()));
  templates_.ended(0);
  EXPECT_THAT(nameless(), Contains(ram()));
  templates_.ended(2);
  EXPECT_THAT(nameless(), IsEmpty());
}

TEST_F(TemplatesTest, SaysWhyThereIsNone) {
  guest_.cannot_freeze = "QEMU refused migrate";
  EXPECT_FALSE(make());
  EXPECT_EQ(templates_.origin_of(2).fork_of, nullptr);
  EXPECT_EQ(templates_.origin_of(2).not_forked, "template probe-1: QEMU refused migrate");
  EXPECT_EQ(templates_.origin_of(1).not_forked, "");
}

TEST_F(TemplatesTest, WhatWentWrongWithAForkIsTriedWithout) {
  ASSERT_TRUE(make()) << templates_.why_not(0);
  EXPECT_EQ(templates_.origin_of(2, 2).fork_of, nullptr);
  EXPECT_EQ(templates_.origin_of(2, 2).not_forked, "template probe-1: a second attempt is a boot");
  EXPECT_EQ(templates_.origin_of(1, 2).not_forked, "");
  EXPECT_EQ(templates_.origin_of(2).not_forked, "");
}

TEST_F(TemplatesTest, AHostWithoutRoomHasNone) {
  EXPECT_FALSE(templates_.make(0, cell_, context(), ByteSize::gib(1 << 20), ByteSize::gib(8)));
  EXPECT_THAT(templates_.why_not(0), testing::HasSubstr("no room for a RAM file"));
}

} // namespace kdt::run
