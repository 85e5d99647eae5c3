#include "base/error.hpp"
#include "base/file.hpp"
#include "image/symbols.hpp"

#include <gtest/gtest.h>

namespace kdt::image {

namespace {
constexpr const char* k_map = "0000000000000000 A _kernel_flags_le_hi32\n"
                              "ffff800008000000 T _text\n"
                              "ffff800008010000 T _stext\n"
                              "ffff800008010000 T asm_start\n"
                              "ffff80000827f2c0 T cpu_do_idle\n"
                              "ffff80000827f2d0 t local_helper\n"
                              "ffff800008400000 D some_data\n"
                              "ffff8000084e0000 B _end\n"
                              "not a line of a map\n";

Symbols of(const std::string& text) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "System.map", text);
  return Symbols(directory.path() / "System.map");
}
} // namespace

TEST(Symbols, NamesCodeByItsDistanceFromTheStartOfTheImage) {
  auto symbols = of(k_map);
  EXPECT_EQ(symbols.at(0x27f2c8), "cpu_do_idle+0x8");
  EXPECT_EQ(symbols.at(0x27f2d4), "local_helper+0x4");
  EXPECT_EQ(symbols.at(0x10000), "_stext+0x0"); // the first name of an address
  EXPECT_EQ(symbols.size(), 0x4e0000U);
}

TEST(Symbols, KnowsWhereASymbolWasLinked) {
  auto symbols = of(k_map);
  EXPECT_EQ(symbols.address("_stext"), 0xffff800008010000U);
  EXPECT_EQ(symbols.address("some_data"), 0xffff800008400000U);
  EXPECT_FALSE(symbols.address("cpu_do"));
}

TEST(Symbols, DataAndWhatLiesBeyondHaveNoName) {
  auto symbols = of(k_map);
  EXPECT_FALSE(symbols.at(0x400010));
  EXPECT_FALSE(symbols.at(0x4e0000));
  EXPECT_FALSE(symbols.at(~0ULL));
}

TEST(Symbols, AFileThatIsNoMapIsRefused) {
  EXPECT_THROW(of(""), Error);
  EXPECT_THROW(of("ffff800008000000 T _text\n"), Error);
  EXPECT_THROW(Symbols("/nonexistent/System.map"), Error);
}

} // namespace kdt::image
