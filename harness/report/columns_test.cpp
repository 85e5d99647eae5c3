#include "report/columns.hpp"

#include <gtest/gtest.h>

namespace kdt::report {
namespace {

TEST(Columns, CountCharactersNotBytes) {
  EXPECT_EQ(width_of("äöü"), 3U);
  EXPECT_EQ(cut_end("äöü", 3), "äöü");
  EXPECT_EQ(cut_end("äöüß", 3), "äö…");
  EXPECT_EQ(cut_middle("abcdefgh", 5), "ab…gh");
  EXPECT_EQ(cut_middle("äbcdefgü", 5), "äb…gü");
}

TEST(Columns, MayBeVeryFew) {
  EXPECT_EQ(cut_end("abc", 0), "");
  EXPECT_EQ(cut_end("abc", 1), "…");
  EXPECT_EQ(cut_middle("abc", 0), "");
  EXPECT_EQ(cut_middle("abcd", 2), "a…");
}

TEST(Rows, AreThoseThatATerminalWraps) {
  EXPECT_EQ(rows_of(79, 80), 1U);
  EXPECT_EQ(rows_of(80, 80), 1U);
  EXPECT_EQ(rows_of(81, 80), 2U);
  EXPECT_EQ(rows_of(0, 80), 1U);
  EXPECT_EQ(rows_of(500, 0), 1U);
}

TEST(FirstRows, AreTheWholeTextOrSayHowMuchIsLeftOut) {
  EXPECT_EQ(first_rows("a\nb\nc\n", 3, 0, "x.md"), "a\nb\nc\n");
  EXPECT_EQ(first_rows("a\nb\nc\n", 2, 0, "x.md"), "a\n… and 2 more lines: x.md\n");
  EXPECT_EQ(first_rows("a\nb\nc\n", 0, 0, "x.md"), "… and 3 more lines: x.md\n");
  EXPECT_EQ(first_rows("abcdef\n", 1, 4, "x.md"), "abc…\n");
}

} // namespace
} // namespace kdt::report
