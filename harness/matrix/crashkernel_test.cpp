#include "base/text.hpp"
#include "matrix/crashkernel.hpp"

#include <gtest/gtest.h>

namespace kdt::matrix {

namespace {
CrashkernelRequest read(const std::string& words, ByteSize ram = ByteSize::gib(4)) {
  return read_crashkernel(words.empty() ? std::vector<std::string>{} : split(words, ' '), ram);
}
} // namespace

TEST(ReadCrashkernel, TellsTheFormsApart) {
  EXPECT_EQ(read("").form, "none");
  EXPECT_EQ(read("256M").form, "plain");
  EXPECT_EQ(read("256M,high").form, "high");
  EXPECT_EQ(read("256M,high 64M,low").form, "high+low");
  EXPECT_EQ(read("64M,low").form, "low_only");
  EXPECT_EQ(read("256M@0x60000000").form, "at");
  EXPECT_EQ(read("256M,cma").form, "cma");
  EXPECT_EQ(read("256M 256M,cma").form, "plain+cma");
  EXPECT_EQ(read("256M,high 128M").form, "plain+high");
  EXPECT_EQ(read("0").form, "zero");
  EXPECT_EQ(read("auto").form, "invalid");
  EXPECT_EQ(read("auto").flaw, "no_number");
  EXPECT_EQ(read("256M,foo").form, "invalid");
  EXPECT_EQ(read("256M,foo").flaw, "char");
}

TEST(ReadCrashkernel, ReadsSizesAndTheLastPlainEntry) {
  EXPECT_EQ(read("128M 256M").size, ByteSize::mib(256));
  EXPECT_EQ(read("256M,high 128M").size, ByteSize::mib(128));
  EXPECT_EQ(read("256M@0x60000000").base, ByteSize{0x60000000});
  EXPECT_EQ(read("256M,high 64M,low").low, ByteSize::mib(64));
  EXPECT_EQ(read("100001").size, ByteSize{100001});
  EXPECT_TRUE(read("256M 256M,cma").cma_is_last);
  EXPECT_FALSE(read("256M,cma 256M").cma_is_last);
}

TEST(ReadCrashkernel, ResolvesRangesAsTheGuestsDid) { // kernel-facts, section 8
  EXPECT_EQ(read("1G-4G:256M", ByteSize::gib(3)).form, "plain");
  EXPECT_EQ(read("1G-4G:256M", ByteSize::gib(4)).form, "range");
  EXPECT_EQ(read("1G-4G:256M", ByteSize::gib(4)).range, "unmatched");
  EXPECT_EQ(read("1G-4G:256M,4G-:512M").size, ByteSize::mib(512));
  auto at = read("1G-:256M@0x80000000");
  EXPECT_EQ(at.form, "at");
  EXPECT_EQ(at.base, ByteSize{0x80000000});
  EXPECT_EQ(read("512M-:128M", ByteSize::gib(1)).size, ByteSize::mib(128));
  EXPECT_EQ(read("1G-:8G").range, "too_big");
}

TEST(ReadCrashkernel, NamesTheFlawAtWhichTheKernelStops) { // and what 6.1 printed
  struct Row {
    const char* words;
    const char* flaw;
    const char* flaw_in;
    const char* flaw_char;
  };
  for (const auto& row : std::vector<Row>{
           {"auto", "no_number", "plain", ""},
           {"-256M", "no_number", "plain", ""},
           {"@0x60000000", "no_number", "plain", ""},
           {",high", "no_number", "high", ""},
           {"256M,high x,low", "no_number", "low", ""},
           {"256M,foo", "char", "plain", ","},
           {"256M,", "char", "plain", ","},
           {"256MB", "char", "plain", "B"},
           {"0.25G", "char", "plain", "."},
           {"08M", "char", "plain", "8"},   // octal ends there
           {"0x", "char", "plain", "x"},    // 0, and then
           {"extra", "char", "plain", "x"}, // e is a unit: 0 exbibytes
           {"256M\xc3\xa9", "char", "plain", ""},
           {"1G-2G:256M,high", "char", "high", "-"},
           {"256M@0x60000000,high", "char", "high", "@"},
           {"256M,high,high", "char", "high", ","},
           {"256M,high 64M@1G,low", "char", "low", "@"},
           {"-4G:256M", "list_number", "plain", ""},
           {"1G-x:256M", "list_number", "plain", ""},
           {"1G:256M", "list_dash", "plain", ""},
           {"4G-1G:256M", "list_order", "plain", ""},
           {"1G-1G:256M", "list_order", "plain", ""},
           {"1G-2Gx:256M", "list_colon", "plain", ""},
           {"1G-4G:", "list_size", "plain", ""},
           {"1G-2G:128M,", "list_number", "plain", ""}, // no range holds 4 GiB so far: the next one is read
           {"1G-:256M@x", "list_base", "plain", ""},
       }) {
    auto request = read(row.words);
    EXPECT_EQ(request.form, "invalid") << row.words;
    EXPECT_EQ(request.flaw, row.flaw) << row.words;
    EXPECT_EQ(request.flaw_in, row.flaw_in) << row.words;
    EXPECT_EQ(request.flaw_char, row.flaw_char) << row.words;
    EXPECT_EQ(request.size, std::nullopt) << row.words;
  }
}

TEST(ReadCrashkernel, LetsThroughWhatTheKernelDoesNotLookAt) {
  struct Row {
    const char* words;
    const char* form;
    std::uint64_t base;
  };
  for (const auto& row : std::vector<Row>{{"256M@0", "plain", 0}, // base 0 is no base
                                          {"256M@", "plain", 0},
                                          {"256M@-1", "plain", 0},
                                          {"1G-:256M@0", "plain", 0},
                                          {"256M@0x60000000@0x40000000", "at", 0x60000000},
                                          {"256M@060000000", "at", 0xc00000},
                                          {"1G-8G:256M,nonsense", "plain", 0}, // the range that counts was found
                                          {"1G-8G:256M;8G-:1G", "plain", 0},
                                          {"1G-8G:256M,8G-:1G@0x60000000", "at", 0x60000000}}) {
    auto request = read(row.words);
    EXPECT_EQ(request.form, row.form) << row.words;
    EXPECT_EQ(request.size, ByteSize::mib(256)) << row.words;
    EXPECT_EQ(request.base.value_or(ByteSize{0}).bytes, row.base) << row.words;
    EXPECT_EQ(request.flaw, "none") << row.words;
  }
  EXPECT_EQ(read("0,high").form, "zero");
  EXPECT_EQ(read("256M x,low").form, "plain"); // nobody reads it
  EXPECT_EQ(read("x,low").form, "low_only");
  EXPECT_EQ(read("1G-2G:0,0-:256M", ByteSize::gib(1)).range, "unmatched"); // the first that holds the RAM counts
}

TEST(TakeSize, ReadsAsMemparseDoes) {
  struct Row {
    const char* text;
    std::uint64_t bytes;
    const char* rest;
  };
  for (const auto& row : std::vector<Row>{{"0x10K@5", 16384, "@5"},
                                          {"0400M", 256 << 20, ""},
                                          {"08", 0, "8"},
                                          {"0x", 0, "x"},
                                          {"0x1e", 30, ""},
                                          {"1e", std::uint64_t{1} << 60, ""},
                                          {"1Kk", 1024, "k"},
                                          {"K", 0, ""},
                                          {"0", 0, ""},
                                          {"99999999999999999999", 0x6bc75e2d630fffff, ""}, // as a 6.1 guest said
                                          {"17179869185G", std::uint64_t{1} << 30, ""}}) {
    std::string_view text = row.text;
    EXPECT_EQ(take_size(text), ByteSize{row.bytes}) << row.text;
    EXPECT_EQ(text, row.rest) << row.text;
  }
  for (std::string_view text : {"", "-1", " 1", "x1", ":", "\xc3\xa9"})
    EXPECT_EQ(take_size(text), std::nullopt) << text;
}

} // namespace kdt::matrix
