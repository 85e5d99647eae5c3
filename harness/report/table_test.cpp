#include "report/table.hpp"

#include <gtest/gtest.h>

namespace kdt::report {
namespace {

Table sample() {
  return {.title = "Page tables",
          .note = "In bytes.",
          .columns = {"rodata", "crashkernel", "1G", "256G"},
          .labels = 2,
          .rows = {{.group = "one", .cells = {"full", "256M", "2.05M", "514M"}},
                   {.group = "one", .cells = {"on", "1G-4G:128M,4G-:256…", "32K", ""}},
                   {.group = "two", .cells = {"on", "256M", "a|b", "\x1b[2J"}}}};
}

TEST(PlainText, AlignsColumnsAndNamesEachGroupOnce) {
  EXPECT_EQ(plain_text(sample()), "Page tables\n"
                                  "In bytes.\n"
                                  "  rodata  crashkernel             1G     256G\n"
                                  "one\n"
                                  "  full    256M                 2.05M     514M\n"
                                  "  on      1G-4G:128M,4G-:256…    32K        -\n"
                                  "two\n"
                                  "  on      256M                   a|b  \\x1b[2J\n");
}

TEST(Table, ItsFootStandsBelow) {
  Table table{.title = "T", .columns = {"a"}, .rows = {{.group = "g", .cells = {"1"}}}, .foot = "Median of base_1"};
  EXPECT_EQ(plain_text(table), "T\n  a\ng\n  1\nMedian of base_1\n");
  EXPECT_EQ(markdown_text(table, "cell"), "### T\n\n| cell | a |\n| --- | --- |\n| g | 1 |\n\nMedian of base\\_1\n");
}

TEST(MarkdownText, TakesEveryCellLiterally) {
  EXPECT_EQ(markdown_text(sample(), "kernel"), "### Page tables\n\nIn bytes.\n\n"
                                               "| kernel | rodata | crashkernel | 1G | 256G |\n"
                                               "| --- | --- | --- | ---: | ---: |\n"
                                               "| one | full | 256M | 2.05M | 514M |\n"
                                               "| one | on | 1G-4G:128M,4G-:256… | 32K | - |\n"
                                               "| two | on | 256M | a\\|b | \\\\x1b\\[2J |\n");
}

} // namespace
} // namespace kdt::report
