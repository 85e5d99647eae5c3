#include "base/text.hpp"

#include <gtest/gtest.h>

namespace kdt {

TEST(Split, KeepsEmptyPieces) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
}

TEST(Nearest, FindsATypoAndRefusesNonsense) {
  EXPECT_EQ(nearest("memroy", {"memory", "rodata"}), "memory");
  EXPECT_EQ(nearest("zzz", {"memory", "rodata"}), std::nullopt);
  EXPECT_EQ(suggestion("rodate", {"memory", "rodata"}), " (did you mean 'rodata'?)");
  EXPECT_EQ(suggestion("zzz", {"memory", "rodata"}), " (known: memory, rodata)");
}

TEST(GlobMatches, KnowsStarsAndQuestionMarks) {
  EXPECT_TRUE(glob_matches("kernel=v6.1-*/memory=2G", "kernel=v6.1-dma/memory=2G"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a?c*", "abcdef"));
  EXPECT_FALSE(glob_matches("a?c", "ac"));
  EXPECT_FALSE(glob_matches("a*b", "acd"));
}

TEST(Printable, DisarmsWhatAGuestPrints) {
  EXPECT_EQ(printable("a\x1b[31mb\tc\n"), "a\\x1b[31mb\tc\n");
  EXPECT_EQ(printable("\xff\xc3\xa4"), "\\xff\xc3\xa4");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b"); // C1 CSI
}

TEST(ShellQuoted, LeavesPlainWordsAlone) {
  EXPECT_EQ(shell_quoted("memory=2G"), "memory=2G");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("$x"), "'$x'");
}

} // namespace kdt
