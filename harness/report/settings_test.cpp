#include "report/settings.hpp"

#include <gtest/gtest.h>

namespace kdt::report {
namespace {

CellResult cell(const std::string& kernel, std::uint64_t gib, const std::string& crashkernel,
                const std::string& known = "") {
  CellResult result;
  result.cell.parameters.kernel = kernel;
  result.cell.parameters.memory = ByteSize::gib(gib);
  result.cell.parameters.crashkernel = crashkernel;
  result.known_issue = known; // any text will do
  return result;
}

TEST(Settings, StandTogetherByKernelWhateverTheOrderOfTheAxes) {
  RunResult run;
  run.cells = {cell("b", 1, "256M"), cell("a", 1, "256M"), cell("b", 2, "256M"), cell("b", 1, "1G,high"),
               cell("a", 2, "256M")};
  auto settings = settings_of(run);
  ASSERT_EQ(settings.size(), 3U);
  EXPECT_EQ(settings[0].kernel + settings[0].crashkernel, "b256M");
  EXPECT_EQ(settings[0].cells.size(), 2U);
  EXPECT_EQ(settings[1].kernel + settings[1].crashkernel, "b1G,high");
  EXPECT_EQ(settings[2].kernel, "a");
  EXPECT_EQ(settings[2].rodata, "default");
  EXPECT_EQ(memories_of(run), (std::vector{ByteSize::gib(1), ByteSize::gib(2)}));
}

TEST(Settings, OfAPairwiseRunAreInTheOrderOfTheirValues) {
  RunResult run;
  run.cells = {cell("a", 1, "256M"), cell("a", 1, "1G"), cell("a", 1, "1G"), cell("a", 1, "256M")};
  run.cells[0].cell.parameters.rodata = "full";
  run.cells[1].cell.parameters.rodata = "on";
  run.cells[2].cell.parameters.rodata = "full";
  run.cells[3].cell.parameters.rodata = "on";
  std::string order;
  for (const auto& setting : settings_of(run)) order += setting.rodata + " " + setting.crashkernel + ", ";
  EXPECT_EQ(order, "full 256M, full 1G, on 256M, on 1G, ");
}

TEST(Settings, CutALongCrashkernelUnlessTwoWouldLookAlike) {
  std::string ranges = "1G-4G:128M,4G-64G:256M,64G-:512M";
  RunResult run;
  run.cells = {cell("a", 1, ranges)};
  EXPECT_EQ(settings_of(run)[0].crashkernel, "1G-4G:128M,4G-64G:256M,…");
  run.cells.push_back(cell("a", 1, ranges + "@1G"));
  auto settings = settings_of(run);
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_EQ(settings[0].crashkernel, ranges);
}

TEST(ByMemory, SaysItOnceWhenItIsTheSameEverywhere) {
  auto text = [](const CellResult& each) { return each.known_issue; };
  RunResult run;
  run.cells = {cell("a", 4, "1M", "low"), cell("a", 1, "1M", "low"), cell("a", 2, "1M", "")};
  EXPECT_EQ(by_memory(settings_of(run)[0], text), "low");
  run.cells.push_back(cell("a", 8, "1M", "high"));
  EXPECT_EQ(by_memory(settings_of(run)[0], text), "low 1G–4G; high 8G");
  run.cells.push_back(cell("a", 8, "1M", "low"));
  EXPECT_EQ(by_memory(settings_of(run)[0], text), "low 1G–4G; high/low 8G");
  run.cells = {cell("a", 8, "1M", "")};
  EXPECT_EQ(by_memory(settings_of(run)[0], text), "");
}

} // namespace
} // namespace kdt::report
