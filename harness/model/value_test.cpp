#include "model/value.hpp"

#include <gtest/gtest.h>

namespace kdt {
namespace {

TEST(Value, ScalarsAreReadAsYamlCoreReadsThem) {
  EXPECT_EQ(value_from_scalar("true"), Value(true));
  EXPECT_EQ(value_from_scalar("false"), Value(false));
  EXPECT_EQ(value_from_scalar("42"), Value(std::int64_t{42}));
  EXPECT_EQ(value_from_scalar("-7"), Value(std::int64_t{-7}));
  EXPECT_EQ(value_from_scalar("0xf0000000"), Value(std::int64_t{0xf0000000}));
  EXPECT_EQ(value_from_scalar("0.25"), Value(0.25));
  EXPECT_EQ(value_from_scalar("1e3"), Value(1000.0));
}

TEST(Value, WhatLooksLikeNoNumberStaysText) {
  for (const char* word : {"on", "off", "yes", "True", "256M", "6.1.0", "", "-", "0x", "0xzz", "nan", "inf", "1 "})
    EXPECT_EQ(value_from_scalar(word), Value(std::string(word))) << word;
}

TEST(Value, AnIntegerOverSixtyFourBitsIsNoInteger) {
  EXPECT_FALSE(std::holds_alternative<std::int64_t>(value_from_scalar("9223372036854775808")));
  EXPECT_FALSE(std::holds_alternative<std::int64_t>(value_from_scalar("0xffff800008000000")));
}

TEST(Value, IsPrintedAsPeopleReadIt) {
  EXPECT_EQ(to_string(Value(true)), "true");
  EXPECT_EQ(to_string(Value(std::int64_t{42})), "42");
  EXPECT_EQ(to_string(Value(0.25)), "0.25");
  EXPECT_EQ(to_string(Value(std::string("text"))), "text");
  EXPECT_EQ(to_string(Value(std::vector<std::string>{"a", "b"})), "[a, b]");
  EXPECT_EQ(to_string(Value(std::vector<std::string>{})), "[]");
}

TEST(Value, FindGivesNullForAnAbsentName) {
  Facts facts{{"zone_dma", true}};
  ASSERT_NE(find(facts, "zone_dma"), nullptr);
  EXPECT_EQ(*find(facts, "zone_dma"), Value(true));
  EXPECT_EQ(find(facts, "zone"), nullptr);
}

} // namespace
} // namespace kdt
