#include "report/costs.hpp"
#include "report/dump_costs.hpp"

#include <gmock/gmock.h>

namespace kdt::report {

namespace {

CellResult cell(DumpSettings dump, std::uint64_t gib, double seconds) {
  CellResult result;
  result.cell.parameters.kernel = "k";
  result.cell.parameters.memory = ByteSize::gib(gib);
  result.cell.parameters.dump = std::move(dump);
  result.observed["save.seconds"] = seconds;
  result.observed["save.rate"] = std::int64_t{1 << 20};
  result.observed["vmcore.size"] = std::int64_t{3 << 20};
  return result;
}

const DumpSettings k_zlib{.compression = "zlib", .format = "kdump", .target = "ext4"};

} // namespace

TEST(DumpTables, MarkTheFastestOfEachMemorySize) {
  RunResult run;
  run.cells = {cell({}, 1, 2), cell({}, 2, 9), cell(k_zlib, 1, 3), cell(k_zlib, 2, 4)};
  auto tables = dump_tables(run);
  ASSERT_EQ(tables.size(), 3u);
  EXPECT_THAT(tables[0].rows.at(0).cells, testing::ElementsAre("31 lzo flattened raw", "2.00*", "9.00"));
  EXPECT_THAT(tables[0].rows.at(1).cells, testing::ElementsAre("31 zlib kdump ext4", "3.00", "4.00*"));
  EXPECT_THAT(tables[1].rows.at(0).cells, testing::ElementsAre("31 lzo flattened raw", "3.00M", "3.00M"));
}

TEST(DumpTables, ARunThatSavesInOneWayHasNone) {
  RunResult run;
  run.cells = {cell({}, 1, 2), cell({}, 2, 9)};
  EXPECT_TRUE(dump_tables(run).empty());
  EXPECT_TRUE(dump_tables({}).empty());
}

TEST(DumpTables, StandInTheCostsInPlaceOfTheOneOfMedians) {
  RunResult run;
  run.cells = {cell({}, 1, 2), cell(k_zlib, 1, 3)};
  EXPECT_THAT(costs_text(run), testing::HasSubstr("Saving the dump, seconds"));
  for (const auto& table : cost_tables(run)) EXPECT_NE(table.title, "Save");
}

TEST(DumpLabel, SaysWhatMatters) {
  EXPECT_EQ(dump_label({.format = "copy"}), "copy raw");
  EXPECT_EQ(dump_label({.filter = 1, .format = "elf"}), "1 elf raw");
  EXPECT_EQ(dump_label({.format = "kdump", .split = 2}), "31 lzo kdump raw, 2 files");
  EXPECT_EQ(dump_label({.threads = 2}), "31 lzo flattened raw, 2 threads");
}

} // namespace kdt::report
