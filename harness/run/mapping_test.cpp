#include "run/cell_runner_fixture.hpp"

namespace kdt::run {

namespace {
class MappingTest : public CellRunnerTest {
protected:
  MappingTest() { cell_.parameters.memory = ByteSize::gib(2); } // as in the recording
};
} // namespace

TEST_F(MappingTest, TheHostReadsTheSamePageTablesAsTheProbe) {
  guest_.give_memory();
  auto result = run();
  EXPECT_EQ(codes(result), "") << result.findings.front().text;
  EXPECT_EQ(result.observed.at("map.source"), Value("probe"));
  EXPECT_EQ(result.observed.at("hostmap.agrees"), Value(true));
  EXPECT_EQ(result.observed.at("hostmap.pte_bytes"), result.observed.at("map.pte_bytes"));
  EXPECT_EQ(result.observed.at("hostmap.table_bytes"), result.observed.at("map.table_bytes"));
  EXPECT_EQ(result.observed.at("hostmap.closed_pages"), result.observed.at("probe.faulted_pages"));
}

TEST_F(MappingTest, ReadingsThatDifferAreKdtsOwnFault) {
  auto one_page_less = [](pagetable::TinyTables& tables, int nth) {
    if (nth > 0) tables.entry({0x80000000}, 0) &= ~std::uint64_t{1};
  };
  guest_.give_memory(one_page_less);
  auto result = run();
  EXPECT_EQ(codes(result), "mapping-disagrees ");
  EXPECT_EQ(result.blame, Blame::infra);
  EXPECT_EQ(result.verdict, Verdict::error);
  EXPECT_EQ(result.observed.at("hostmap.agrees"), Value(false));
  EXPECT_EQ(outcome(result, Phase::verify), "done");
}

TEST_F(MappingTest, AnAliasThatChangesBetweenTheReadingsIsNoDifference) {
  auto for_a_moment = [](pagetable::TinyTables& tables, int nth) {
    if (nth == 1) tables.entry({0x80000000}, 0) &= ~std::uint64_t{1};
  };
  guest_.give_memory(for_a_moment);
  auto result = run();
  EXPECT_EQ(codes(result), "");
  EXPECT_EQ(result.observed.at("hostmap.agrees"), Value(true));
}

TEST_F(MappingTest, TheHostsReadingStandsForAProbeThatCannotRun) {
  guest_.give_memory();
  for (int nth : {0, 1})
    guest_.instead_of("probe", nth, [nth] {
      return Events{AgentLine{fmt::format(R"({{"id":{},"error":"no such module"}})", nth == 0 ? 2 : 4)}};
    });
  auto result = run();
  EXPECT_EQ(codes(result), "probe-failed probe-failed ");
  EXPECT_EQ(result.observed.at("map.source"), Value("host"));
  EXPECT_EQ(result.observed.at("map.pte_bytes"), Value(std::int64_t{1} << 31));
  EXPECT_EQ(result.observed.at("map.region"), Value("pages"));
  EXPECT_FALSE(result.observed.contains("hostmap.agrees"));
  EXPECT_FALSE(result.observed.contains("probe.before"));
}

TEST_F(MappingTest, AKernelThatCannotHaveAProbeIsReadFromTheHostAlone) {
  guest_.give_memory();
  kernel_.no_probe = "no build directory";
  for (int nth : {0, 1})
    guest_.instead_of("probe", nth, [] { return Events{console("[    1.0] kernel BUG at asked.c:1!\n")}; });
  auto result = run();
  EXPECT_EQ(codes(result), "");
  EXPECT_EQ(result.observed.at("map.source"), Value("host"));
  EXPECT_TRUE(result.observed.contains("hostmap.closed_pages"));
  EXPECT_FALSE(result.observed.contains("probe.segments"));
  EXPECT_EQ(outcome(result, Phase::verify), "done");
}

TEST_F(MappingTest, PageTablesThatCannotBeReadFromTheHostAreSaidAndTheRestIsDone) {
  guest_.give_memory([](pagetable::TinyTables& tables, int) {
    tables.entry({0x80000000}, 2) = 3; // a table at 0
  });
  auto result = run();
  EXPECT_EQ(codes(result), "host-walk-failed host-walk-failed ");
  EXPECT_EQ(result.verdict, Verdict::error);
  EXPECT_TRUE(result.observed.contains("map.all"));
  EXPECT_EQ(outcome(result, Phase::verify), "done");
}

TEST_F(MappingTest, AGuestThatGoesAwayDuringTheWalkIsLost) {
  guest_.give_memory([](pagetable::TinyTables&, int) { throw Error(Blame::infra, "the emulator has ended"); });
  guest_.instead_of("hello", 0, [] { return Events{killed(9)}; });
  expect_only(run(), "guest-lost", Phase::probe, Verdict::error);
}

} // namespace kdt::run
