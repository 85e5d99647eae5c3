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
  EXPECT_EQ(read("256M,foo").flaw, "suffix");
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

TEST(ReadCrashkernel, CallsMalformedRangesInvalid) {
  for (const char* text : {"1G-4G:", "1G:256M", "-4G:256M", "4G-1G:256M", "1G-x:256M", "1G-:256M@x"}) {
    EXPECT_EQ(read(text).form, "invalid") << text;
    EXPECT_EQ(read(text).flaw, "range") << text;
  }
}

TEST(TakeSize, StopsBehindTheNumber) {
  std::string_view text = "0x10K@5";
  EXPECT_EQ(take_size(text), ByteSize{16384});
  EXPECT_EQ(text, "@5");
  text = "K";
  EXPECT_EQ(take_size(text), std::nullopt);
  text = "0x";
  EXPECT_EQ(take_size(text), std::nullopt);
}

} // namespace kdt::matrix
