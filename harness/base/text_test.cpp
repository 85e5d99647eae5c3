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
  EXPECT_EQ(suggestion("zzz", std::vector<std::string>(41, "memory")), " (none of the 41 known ones)");
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

TEST(Printable, ShowsWhatWouldTurnTextAround) {
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\xe2\\x80\\xae"
            "b");
  for (const char* control : {"\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066",
                              "\u2067", "\u2068", "\u2069", "\u2028", "\u2029"})
    EXPECT_TRUE(printable(control).starts_with("\\x")) << printable(control);
  for (const char* plain :
       {"\u061b", "\u061d", "\u200d", "\u2010", "\u2027", "\u202f", "\u2065", "\u206a", "…", "\u05d0"})
    EXPECT_EQ(printable(plain), plain);
}

TEST(ShellQuoted, LeavesPlainWordsAlone) {
  EXPECT_EQ(shell_quoted("memory=2G"), "memory=2G");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("$x"), "'$x'");
}

} // namespace kdt
