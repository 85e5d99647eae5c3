#include "base/text.hpp"
#include "console/line_class.hpp"

#include <gtest/gtest.h>

#include <set>

namespace kdt::console {

namespace {

constexpr auto k_kernel = LineClass::Origin::kernel;
constexpr auto k_tool = LineClass::Origin::tool;

std::string_view name_of(const LineClass* which) {
  return which == nullptr ? "none" : which->name;
}

/// Something that a glob matches: its stars filled in.
std::string example_of(std::string_view pattern) {
  std::string line;
  for (char c : pattern) line += c == '*' ? std::string("7 x") : std::string(1, c);
  return line;
}

} // namespace

TEST(LineClass, EveryPatternIsReachedAndTellsItsOwnClass) {
  for (const auto& which : line_classes())
    for (const auto& pattern : split(which.patterns, '\n'))
      EXPECT_EQ(name_of(classify(example_of(pattern), which.origin)), which.name) << pattern;
}

TEST(LineClass, NamesAreUniqueAndEverythingIsSaid) {
  std::set<std::string_view> names;
  for (const auto& which : line_classes()) {
    EXPECT_TRUE(names.insert(which.name).second) << which.name;
    for (auto text : {which.meaning, which.cause, which.source, which.patterns})
      EXPECT_FALSE(text.empty()) << which.name;
    EXPECT_FALSE(which.meaning.ends_with('.') || which.cause.ends_with('.')) << which.name; // they are clauses
    EXPECT_EQ(which.patterns.find('?'), std::string_view::npos) << which.name;              // a glob's wild card
  }
}

TEST(LineClass, InnocentLinesAreOfNoClass) {
  for (const char* line :
       {"", "all is well", "nothing wrong: somebody writes Kernel panic - not syncing in a sentence",
        "app: BUG: not one of the kernel", "GICv3: Using preallocated redistributor tables",
        "crashkernel reserved: 0x0000000070000000 - 0x0000000080000000 (256 MB)",
        "software IO TLB: mapped [mem 0x00000000fbfff000-0x00000000fffff000] (64MB)", "SMP: stopping secondary CPUs",
        "OF: fdt: elfcorehdr is overlapped", "random: crng init done",
        "\tRCU CPU stall warnings timeout set to 4 (rcu_cpu_stall_timeout)."}) {
    EXPECT_EQ(name_of(classify(line, k_kernel)), "none") << line;
    EXPECT_EQ(name_of(classify(line, k_tool)), "none") << line;
  }
}

TEST(LineClass, TheWordsOfAKernelFromAToolAreInnocent) {
  EXPECT_EQ(name_of(classify("BUG: I am a script", k_tool)), "none");
  EXPECT_EQ(name_of(classify("makedumpfile Failed.", k_kernel)), "none");
}

TEST(LineClass, OfAToolsOutputTheMostTellingLineCounts) {
  EXPECT_EQ(name_of(classify_output("calculate_plat_config: PAGE SIZE 0x1000 and VA Bits 52 not supported\n"
                                    "get_machdep_info_arm64: Can't determine platform config values\n\n"
                                    "makedumpfile Failed.\n")),
            "dump-tool-va-bits");
  EXPECT_EQ(name_of(classify_output("x: Can't y\nwrite: No space left on device\n")), "dump-target-full");
  EXPECT_EQ(classify_output("makedumpfile Completed.\n"), nullptr);
}

} // namespace kdt::console
