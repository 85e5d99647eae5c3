#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/cell_place.hpp"
#include "matrix/expand.hpp"
#include "model/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::cli {
namespace {

using ::testing::HasSubstr;

/// Runs below runs/ of a directory that is the working directory meanwhile.
class CellPlaceTest : public ::testing::Test {
protected:
  CellPlaceTest() { fs::current_path(directory_.path()); }
  ~CellPlaceTest() override { fs::current_path(before_); }

  fs::path add_cell(const std::string& run, const std::string& id, int minutes_ago = 0) {
    CellResult result;
    result.cell.id = id;
    result.cell.slug = matrix::slug_of(id);
    result.verdict = Verdict::pass;
    auto directory = fs::path(run) / "cells" / result.cell.slug;
    make_directories(directory);
    auto json = to_json(result);
    json["id"] = id; // kdt itself writes none but printable ones
    write_file(directory / "cell.json", json.dump());
    run::Recipe recipe;
    recipe.matrix = run; // tells them apart
    write_file(directory / run::k_recipe_file, run::recipe_json(recipe));
    write_file(fs::path(run) / "journal.jsonl", "");
    fs::last_write_time(fs::path(run) / "journal.jsonl",
                        fs::file_time_type::clock::now() - std::chrono::minutes(minutes_ago));
    return directory;
  }
  static std::string refusal(const std::string& what, const fs::path& run = {}) {
    try {
      find_cell(what, run);
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      return error.what();
    }
    return "found";
  }

  TempDir directory_{"kdt-test"};
  fs::path before_ = fs::current_path();
};

TEST_F(CellPlaceTest, IsTheLastRunThatHasTheCell) {
  add_cell("runs/a", "kernel=k/rodata=on", 30);
  add_cell("runs/b", "kernel=k/rodata=on", 20);
  add_cell("runs/c", "kernel=k/rodata=full", 10);
  EXPECT_EQ(find_cell("kernel=k/rodata=on", "").recipe.matrix, "runs/b");
  EXPECT_EQ(find_cell("kernel=k/rodata=full", "").recipe.matrix, "runs/c");
  EXPECT_EQ(find_cell("kernel=k/rodata=on", "runs/a").recipe.matrix, "runs/a");
}

TEST_F(CellPlaceTest, IsTheDirectoryThatIsNamed) {
  auto directory = add_cell("elsewhere", "kernel=k");
  auto place = find_cell(directory.string(), "");
  EXPECT_EQ(place.directory, directory);
  EXPECT_EQ(place.result.cell.id, "kernel=k");
}

TEST_F(CellPlaceTest, NamesTheNearestCell) {
  EXPECT_THAT(refusal("kernel=k"), HasSubstr("--run RUN"));
  add_cell("runs/a", "kernel=k/rodata=full");
  EXPECT_THAT(refusal("kernel=k/rodata=fll"), HasSubstr("did you mean 'kernel=k/rodata=full'?"));
  EXPECT_THAT(refusal("kernel=k/rodata=fll", "runs/a"), HasSubstr("did you mean 'kernel=k/rodata=full'?"));
}

TEST_F(CellPlaceTest, WhatAForeignCellIsCalledCannotDriveTheTerminal) {
  add_cell("runs/a", "kernel=k/rodata=\x1b]full");
  EXPECT_THAT(refusal("kernel=k/rodata=full", "runs/a"), HasSubstr("(did you mean 'kernel=k/rodata=\\x1b]full'?)"));
}

TEST_F(CellPlaceTest, SaysWhatADirectoryIsInstead) {
  add_cell("runs/a", "kernel=k");
  make_directories("empty");
  EXPECT_THAT(refusal("runs/a"), HasSubstr("is a whole run"));
  EXPECT_THAT(refusal("empty"), HasSubstr("is no cell's directory"));
  EXPECT_THAT(refusal("kernel=k", "empty"), HasSubstr("no run directory"));
}

} // namespace
} // namespace kdt::cli
