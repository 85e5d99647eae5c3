#include "base/error.hpp"
#include "base/file.hpp"
#include "run/journal.hpp"
#include "run/run_directory.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

namespace {
class RunDirectoryTest : public testing::Test {
protected:
  void write_journal(const std::vector<std::pair<std::string, Verdict>>& cells) const {
    Journal journal(place_.path() / "journal.jsonl", RunResult{.run_id = "r", .matrix = "m.yaml"}, {});
    for (const auto& [id, verdict] : cells) {
      CellResult result;
      result.cell.id = result.cell.slug = id;
      result.cell.parameters.kernel = "k";
      result.verdict = verdict;
      journal.add(result);
    }
  }
  TempDir place_{"kdt-test"};
};
} // namespace

TEST_F(RunDirectoryTest, ANewOneAndAnEmptyOneAreFree) {
  EXPECT_NO_THROW(require_free(place_.path() / "new"));
  EXPECT_NO_THROW(require_free(place_.path()));
  make_directories(place_.path() / "cells"); // a kdt that was killed before it wrote anything
  EXPECT_NO_THROW(require_free(place_.path()));
}

TEST_F(RunDirectoryTest, WhatIsNotOursIsNotWrittenOver) {
  write_file(place_.path() / "junit.xml", "of another program");
  EXPECT_THROW(require_free(place_.path()), Error);
  fs::remove(place_.path() / "junit.xml");
  make_directories(place_.path() / "cells" / "of-somebody");
  EXPECT_THROW(require_free(place_.path()), Error);
}

TEST_F(RunDirectoryTest, AnEarlierRunIsNotWrittenOver) {
  write_journal({});
  try {
    require_free(place_.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    EXPECT_NE(std::string(error.what()).find("--resume"), std::string::npos);
  }
}

TEST_F(RunDirectoryTest, VerdictsAboutTheKernelAreNotAskedAgain) {
  write_journal(
      {{"a", Verdict::pass}, {"b", Verdict::fail}, {"c", Verdict::error}, {"d", Verdict::skip}, {"e", Verdict::xfail}});
  std::string ids;
  for (const auto& cell : finished_cells(place_.path(), "m.yaml")) ids += cell.cell.id;
  EXPECT_EQ(ids, "abe");
}

TEST_F(RunDirectoryTest, AnotherMatrixIsRefusedAndALostFirstLineIsNot) {
  write_journal({{"a", Verdict::pass}});
  EXPECT_THROW(finished_cells(place_.path(), "other.yaml"), Error);
  EXPECT_THROW(finished_cells(place_.path() / "none", "m.yaml"), Error);
  write_file(place_.path() / "journal.jsonl", R"({"schema":1,"type":"run","run_)");
  EXPECT_TRUE(finished_cells(place_.path(), "m.yaml").empty());
}

} // namespace kdt::run
