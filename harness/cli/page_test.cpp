#include "cli/page.hpp"
#include "console/line_class.hpp"

#include <gtest/gtest.h>

namespace kdt::cli {
namespace {

std::string page_of(const fs::path& directory, const fs::path& file) {
  RunResult run;
  run.cells.emplace_back();
  write_page(run, file, {.directory = directory});
  return read_file(file);
}

TEST(Page, KnowsEverySignOfTroubleThatExplainKnows) {
  TempDir place("kdt-page");
  auto page = page_of(place.path(), place.path() / "report.html");
  for (const auto& each : console::line_classes())
    EXPECT_NE(page.find(fmt::format("\"{}\":{{", each.name)), std::string::npos) << each.name;
}

TEST(Page, LinksToTheCellsOnlyFromTheRunDirectory) {
  TempDir place("kdt-page");
  TempDir elsewhere("kdt-page");
  EXPECT_NE(page_of(place.path(), place.path() / "report.html").find("\"linked\":true"), std::string::npos);
  EXPECT_NE(page_of(place.path(), elsewhere.path() / "report.html").find("\"linked\":false"), std::string::npos);
}

} // namespace
} // namespace kdt::cli
