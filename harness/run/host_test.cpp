#include "run/host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::run {

TEST(Timestamp, IsRfc3339InUtc) {
  EXPECT_THAT(timestamp(), testing::MatchesRegex("20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9:]+Z"));
}

TEST(DescribeHost, SaysWhatMattersForFigures) {
  auto host = describe_host("7.2.1");
  EXPECT_EQ(host.at("emulator"), "QEMU 7.2.1");
  for (const char* name : {"kernel", "machine", "processors", "memory"}) EXPECT_FALSE(host.at(name).empty()) << name;
}

} // namespace kdt::run
