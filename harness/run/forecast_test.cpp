#include "run/forecast.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

namespace {
using std::chrono::seconds;
const Clock::time_point k_begin{};
} // namespace

TEST(Forecast, AddsWhatRunsToWhatWaits) {
  Forecast forecast(2);
  EXPECT_EQ(forecast.left(30, k_begin).count(), 30);
  forecast.began(0, 10, k_begin);
  EXPECT_EQ(forecast.left(30, k_begin).count(), 35);
  EXPECT_EQ(forecast.left(30, k_begin + seconds(4)).count(), 33);
  EXPECT_EQ(forecast.left(30, k_begin + seconds(60)).count(), 30); // longer than expected: it is about to end
}

TEST(Forecast, TheLastCellIsNotSharedByTheSlots) {
  Forecast forecast(8);
  forecast.began(0, 100, k_begin);
  EXPECT_EQ(forecast.left(0, k_begin).count(), 100);
}

TEST(Forecast, LearnsThatTheHostIsSlowToday) {
  Forecast forecast(1);
  forecast.began(0, 10, k_begin);
  forecast.ended(0, k_begin + seconds(20));
  EXPECT_EQ(forecast.left(30, k_begin).count(), 60);
  forecast.ended(7, k_begin); // never began: does not count
  EXPECT_EQ(forecast.left(30, k_begin).count(), 60);
}

} // namespace kdt::run
