#include "report/figures.hpp"
#include "report/sample_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace kdt::report {
namespace {

const Figure& figure(const std::vector<Figure>& all, const std::string& title) {
  auto it = std::ranges::find(all, title, &Figure::title);
  EXPECT_NE(it, all.end()) << title;
  return *it;
}

TEST(Figures, AreShownInThreeDigitsOfTheirUnit) {
  EXPECT_EQ(show(Unit::bytes, 48 * 1024), "48.0K");
  EXPECT_EQ(show(Unit::bytes, 514.0 * (1 << 20)), "514M");
  EXPECT_EQ(show(Unit::bytes, 12), "12");
  EXPECT_EQ(show(Unit::share, 0.0001), "<0.1%");
  EXPECT_EQ(show(Unit::share, 1), "100%");
  EXPECT_EQ(show(Unit::seconds, 0.612), "0.61");
  EXPECT_EQ(show(Unit::count, 131072), "131072");
}

TEST(Figures, HaveEachATitleOfItsOwn) {
  std::set<std::string> titles;
  for (const auto& each : figures()) {
    EXPECT_TRUE(titles.insert(each.title).second) << each.title;
    EXPECT_FALSE(each.note.empty()) << each.title;
  }
}

TEST(Figures, OfACellThatDidNotComeSoFarAreMissing) {
  CellResult cell;
  for (const auto& each : figures()) EXPECT_EQ(each.of(cell), std::nullopt) << each.title;
  cell.observed["map.table_bytes"] = std::string("many");
  EXPECT_EQ(figure(figures(), "Page tables of the linear map").of(cell), std::nullopt);
  cell.observed["map.table_bytes"] = std::int64_t{4096};
  EXPECT_EQ(figure(figures(), "Page tables of the linear map").of(cell), 4096);
}

TEST(Figures, CountBasePagesWithTheHintOrWithout) {
  CellResult cell;
  cell.observed = {
      {"map.pte_bytes", std::int64_t{1}}, {"map.cont_pte_bytes", std::int64_t{1}}, {"map.pmd_bytes", std::int64_t{6}}};
  EXPECT_EQ(figure(figures(), "Linear map in base pages").of(cell), 0.25);
}

} // namespace
} // namespace kdt::report
