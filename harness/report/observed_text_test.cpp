#include "report/observed_text.hpp"

#include <gtest/gtest.h>

namespace kdt::report {
namespace {

CellResult cell_that_saw(Facts observed) {
  CellResult cell;
  cell.cell.parameters.crashkernel = "256M";
  cell.observed = std::move(observed);
  return cell;
}

TEST(ObservedText, MedianIsBetweenTheMiddleOnes) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({3, 1, 2, 10}), 2.5);
}

TEST(ObservedText, RegionIsLowOrHighOrRefused) {
  EXPECT_EQ(reserved(cell_that_saw({})), "");
  EXPECT_EQ(reserved(cell_that_saw({{"reservation.present", false}})), "refused");
  EXPECT_EQ(reserved(cell_that_saw({{"reservation.present", true}, {"reservation.start", std::int64_t{1} << 31}})),
            "low");
  EXPECT_EQ(reserved(cell_that_saw({{"reservation.present", true},
                                    {"reservation.start", std::int64_t{1} << 33},
                                    {"reservation.low.present", true}})),
            "high+low");
}

TEST(ObservedText, StrayWritesFaultOrLand) {
  EXPECT_EQ(stray_writes(cell_that_saw({})), "");
  EXPECT_EQ(
      stray_writes(cell_that_saw({{"probe.segments", std::string("faults")}, {"probe.rest", std::string("lands")}})),
      "segments fault, rest land");
}

} // namespace
} // namespace kdt::report
