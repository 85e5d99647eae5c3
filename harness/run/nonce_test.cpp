#include "run/nonce.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

TEST(Nonce, IsSixteenDigitsAndDiffersEachTime) {
  auto nonce = make_nonce();
  EXPECT_EQ(nonce.size(), 16U);
  EXPECT_EQ(nonce.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(nonce, make_nonce());
}

} // namespace kdt::run
