#include "console/line_splitter.hpp"

#include <gtest/gtest.h>

namespace kdt::console {

using Lines = std::vector<std::string>;

TEST(LineSplitter, JoinsALineThatComesInPieces) {
  LineSplitter splitter;
  EXPECT_EQ(splitter.feed("Kernel pa"), Lines{});
  EXPECT_EQ(splitter.rest(), "Kernel pa");
  EXPECT_EQ(splitter.feed("nic\r\nnext\n"), (Lines{"Kernel panic", "next"}));
  EXPECT_EQ(splitter.rest(), "");
}

TEST(LineSplitter, AFloodWithoutNewlinesDoesNotGrow) {
  LineSplitter splitter;
  auto lines = splitter.feed(std::string(3 * k_longest_line, 'x'));
  EXPECT_EQ(lines.size(), 2U);
  EXPECT_LE(splitter.rest().size(), k_longest_line);
}

} // namespace kdt::console
