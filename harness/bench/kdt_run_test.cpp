#include "base/error.hpp"
#include "base/file.hpp"
#include "bench/kdt_run.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace kdt::bench {

namespace {

/// A program that stands for kdt.
fs::path pretended(const TempDir& place, const std::string& script) {
  auto file = place.path() / "kdt";
  write_file(file, "#!/bin/sh\n" + script);
  ::chmod(file.c_str(), 0755);
  return file;
}

} // namespace

TEST(KdtRun, ItsMatrixIsOne) {
  auto cells = cells_of(matrix_text("k", "  memory: [4G, 1G]\n"));
  ASSERT_EQ(cells.size(), 2U);
  EXPECT_EQ(cells[0].parameters.memory, ByteSize::gib(4));
  EXPECT_EQ(cells[0].parameters.crashkernel, "256M");
  EXPECT_EQ(cells[0].parameters.kernel, "k");
}

TEST(KdtRun, ARunThatIsNotAsExpectedHasNoTime) {
  TempDir place("kdt-test");
  try {
    run_kdt(pretended(place, "echo it broke; exit 1"), matrix_text("k", "  memory: [4G]\n"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("it broke"), std::string::npos) << error.what();
  }
}

TEST(KdtRun, AsksKdtItselfWhetherItKnowsAnOption) {
  TempDir place("kdt-test");
  auto program = pretended(place, "echo '  --no-template  every cell cold'");
  EXPECT_TRUE(knows_option(program, "--no-template"));
  EXPECT_FALSE(knows_option(program, "--jobs"));
}

TEST(KdtRun, APhaseThatDidNotRunTookNothing) {
  CellResult cell;
  cell.phases = {{Phase::save, Seconds(2), "done"}};
  EXPECT_EQ(seconds_of(cell, Phase::save), 2);
  EXPECT_EQ(seconds_of(cell, Phase::verify), 0);
}

} // namespace kdt::bench
