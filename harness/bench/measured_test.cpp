#include "base/error.hpp"
#include "base/file.hpp"
#include "bench/measured.hpp"

#include <gtest/gtest.h>

namespace kdt::bench {

namespace {
Measured shell(const std::string& script, const TempDir& place) {
  return measure({"/bin/sh", "-c", script}, place.path() / "out");
}
constexpr const char* k_work = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
} // namespace

TEST(Measured, TellsWorkOfItsOwnFromThatOfItsChildren) {
  TempDir place("kdt-test");
  auto own = shell(k_work, place);
  EXPECT_GT(own.own.count(), 5 * own.children.count());
  auto children = shell(std::string("sh -c '") + k_work + "'; true", place);
  EXPECT_GT(children.children.count(), 5 * children.own.count());
  EXPECT_GE(children.wall.count(), 0.5 * children.children.count());
}

TEST(Measured, KeepsExitStatusAndOutput) {
  TempDir place("kdt-test");
  EXPECT_EQ(shell("echo said; echo wrong >&2; exit 3", place).status.code, 3);
  EXPECT_EQ(read_file(place.path() / "out"), "said\nwrong\n");
  EXPECT_EQ(measure({"/nonexistent/program"}, place.path() / "out").status.code, 127);
  EXPECT_THROW(measure({"true"}, place.path() / "no/such/directory"), Error);
}

} // namespace kdt::bench
