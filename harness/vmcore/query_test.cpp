#include "vmcore/query.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace kdt;
using namespace kdt::vmcore;

TEST(VmcoreQuery, CrossesTheProcessBoundary) {
  auto back = query_from_json(to_json(Query{.key = ~std::uint64_t{0},
                                            .canaries = {{0x40000000}, {0x140000000}},
                                            .pieces = {{{0x1000}, {0x3000}}},
                                            .symbols = {{"_text", 0xffff800008000000}}}));
  EXPECT_EQ(back.key, ~std::uint64_t{0});
  EXPECT_EQ(back.canaries, (std::vector<PhysAddr>{{0x40000000}, {0x140000000}}));
  EXPECT_EQ(back.pieces, (std::vector<PhysRange>{{{0x1000}, {0x3000}}}));
  EXPECT_EQ(back.symbols, (LinkAddresses{{"_text", 0xffff800008000000}}));
  EXPECT_THROW(query_from_json({{"key", 1}}), nlohmann::json::exception);
}
