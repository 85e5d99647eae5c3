#include "base/error.hpp"
#include "matrix/expression.hpp"

#include <gtest/gtest.h>

namespace kdt::matrix {

namespace {
const Facts k_facts{{"a", std::int64_t{10}}, {"b.c", std::int64_t{4096}}, {"text", std::string("x")}};
std::optional<std::int64_t> value(const char* text) {
  return Expression::parse(text).evaluate([](std::string_view name) { return find(k_facts, name); });
}
} // namespace

TEST(Expression, Computes) {
  EXPECT_EQ(value("2M"), 2 << 20);
  EXPECT_EQ(value("0x10 + a - 1"), 25);
  EXPECT_EQ(value("a - 2 - 3"), 5);
  EXPECT_EQ(value("a - (2 - 3)"), 11);
  EXPECT_EQ(value("roundup(5000, b.c)"), 8192);
  EXPECT_EQ(value("min(a, 3) + max(a, 30)"), 33);
}

TEST(Expression, IsUnknownWhenAPartIs) {
  EXPECT_EQ(value("a + nobody"), std::nullopt);
  EXPECT_EQ(value("text"), std::nullopt);
  EXPECT_EQ(value("roundup(a, 0)"), std::nullopt);
  EXPECT_EQ(value("8191P + 8191P"), std::nullopt);
}

TEST(Expression, RefusesWhatItCannotRead) {
  for (const char* text : {"", "a +", "(a", "a b", "1X", "sqrt(a, 2)", "roundup(a)", "min(a, 1", "16E"})
    EXPECT_THROW(Expression::parse(text), Error) << text;
  EXPECT_THROW(Expression::parse(std::string(1000, '(')), Error);
}

TEST(Expression, NamesWhatItNeeds) {
  EXPECT_EQ(Expression::parse("min(a, b.c) + 1").names(), (std::vector<std::string>{"a", "b.c"}));
}

} // namespace kdt::matrix
