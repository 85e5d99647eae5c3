#include "matrix/observation_names.hpp"

#include <gtest/gtest.h>

#include <set>

namespace kdt::matrix {

TEST(Names, AreUniqueAndExplained) {
  std::set<std::string_view> seen;
  for (const auto& name : names()) {
    EXPECT_TRUE(seen.insert(name.name).second) << name.name;
    EXPECT_FALSE(name.meaning.empty()) << name.name;
  }
  EXPECT_EQ(find_name("probe.segments")->origin, NameOrigin::observation);
  EXPECT_EQ(find_name("zone_dma")->origin, NameOrigin::kernel);
  EXPECT_EQ(find_name("probe.segment"), nullptr);
}

TEST(Show, WritesAddressesInHexadecimalAndSizesShort) {
  EXPECT_EQ(show(*find_name("reservation.start"), std::int64_t{0xb0000000}), "0xb0000000");
  EXPECT_EQ(show(*find_name("reservation.size"), std::int64_t{256} << 20), "256M");
  EXPECT_EQ(show(*find_name("map.all"), std::string("pages")), "pages");
}

} // namespace kdt::matrix
