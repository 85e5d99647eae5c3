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
  EarlierRun earlier(const std::string& matrix) const { return earlier_run(place_.path(), matrix, cells_); }

  static CellParameters on_k() {
    CellParameters parameters;
    parameters.kernel = "k";
    return parameters;
  }
  TempDir place_{"kdt-test"};
  std::map<std::string, CellParameters> cells_{
      {"a", on_k()}, {"b", on_k()}, {"c", on_k()}, {"d", on_k()}, {"e", on_k()}};
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
  for (const auto& cell : earlier("m.yaml").finished) ids += cell.cell.id;
  EXPECT_EQ(ids, "abe");
}

TEST_F(RunDirectoryTest, AnotherMatrixIsRefusedAndALostFirstLineIsNot) {
  write_journal({{"a", Verdict::pass}});
  EXPECT_THROW(earlier("other.yaml"), Error);
  EXPECT_THROW(earlier_run(place_.path() / "none", "m.yaml", cells_), Error);
  EXPECT_EQ(earlier("/elsewhere/m.yaml").finished.size(), 1U); // the same matrix, asked for from another place
  write_file(place_.path() / "journal.jsonl", R"({"schema":1,"type":"run","run_)");
  EXPECT_TRUE(earlier("m.yaml").finished.empty());
}

TEST_F(RunDirectoryTest, ACellOfWhichTheMatrixSaysSomethingElseNowRunsAgain) {
  write_journal({{"a", Verdict::pass}, {"b", Verdict::pass}});
  cells_["a"].memory = ByteSize::gib(1);
  auto found = earlier("m.yaml");
  ASSERT_EQ(found.finished.size(), 1U);
  EXPECT_EQ(found.finished[0].cell.id, "b");
  EXPECT_EQ(found.changed, 1U);
}

TEST_F(RunDirectoryTest, ARepeatedCellIsOneOfTheMatrix) {
  write_journal({{"a", Verdict::pass}, {"a#2", Verdict::fail}});
  EXPECT_EQ(earlier("m.yaml").finished.size(), 2U);
}

TEST_F(RunDirectoryTest, ACellThatTheMatrixHoldsNoMoreIsLeftOut) {
  write_journal({{"a", Verdict::pass}, {"b", Verdict::pass}});
  cells_.erase("b");
  auto found = earlier("m.yaml");
  ASSERT_EQ(found.finished.size(), 1U);
  EXPECT_EQ(found.gone, 1U);
}

TEST_F(RunDirectoryTest, AnotherBackendIsRefusedAndSoIsAnotherAccelerator) {
  CellResult cell;
  cell.cell.id = "kernel=k";
  cell.backend = "qemu";
  cell.accelerator = "tcg";
  EXPECT_NO_THROW(refuse_other_backend("runs/a", {cell}, "qemu", "tcg"));
  EXPECT_NO_THROW(refuse_other_backend("runs/a", {}, "libvirt", "kvm"));
  EXPECT_THROW(refuse_other_backend("runs/a", {cell}, "qemu", "kvm"), Error);
  auto second = cell;
  second.backend = "libvirt";
  EXPECT_THROW(refuse_other_backend("runs/a", {cell, second}, "qemu", "tcg"), Error);
  try {
    refuse_other_backend("runs/a", {cell}, "libvirt", "tcg");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    EXPECT_STREQ(error.what(),
                 "--resume runs/a: cell kernel=k ran with --backend qemu under tcg, and now it is --backend libvirt "
                 "under tcg: say the same --backend, --connect or --hosts, or start a new run");
  }
}

} // namespace kdt::run
