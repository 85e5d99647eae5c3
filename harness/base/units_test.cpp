#include "base/units.hpp"

#include <gtest/gtest.h>

namespace kdt {

TEST(ParseByteSize, ReadsWhatTheKernelReads) {
  EXPECT_EQ(parse_byte_size("256M"), ByteSize::mib(256));
  EXPECT_EQ(parse_byte_size("1g"), ByteSize::gib(1));
  EXPECT_EQ(parse_byte_size("4096"), ByteSize{4096});
  EXPECT_EQ(parse_byte_size("0x100000"), ByteSize::mib(1));
  EXPECT_EQ(parse_byte_size("0"), ByteSize{0});
}

TEST(ParseByteSize, RefusesEverythingElse) {
  for (const char* text : {"", "X", "1X", "1MB", "M", "-1", " 1", "1 ", "0x", "99999999999999999999", "17179869184G"})
    EXPECT_EQ(parse_byte_size(text), std::nullopt) << text;
}

TEST(ByteSize, ToStringIsShortestAndExact) {
  EXPECT_EQ(to_string(ByteSize::mib(256)), "256M");
  EXPECT_EQ(to_string(ByteSize::gib(1)), "1G");
  EXPECT_EQ(to_string(ByteSize{5000}), "5000");
  EXPECT_EQ(to_string(ByteSize{0}), "0");
  EXPECT_EQ(human(ByteSize{1'234'000'000}), "1.2 GB");
}

TEST(PhysRange, HalfOpen) {
  PhysRange range{{0x1000}, {0x2000}};
  EXPECT_TRUE(range.contains({0x1000}));
  EXPECT_FALSE(range.contains({0x2000}));
  EXPECT_FALSE(range.overlaps({{0x2000}, {0x3000}}));
  EXPECT_EQ(to_string(range.end), "0x2000");
}

} // namespace kdt
