#include "base/file.hpp"
#include "cli/version.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {

namespace {

TEST(KdtVersion, WithoutARepositoryIsTheNumber) {
  TempDir place("kdt-test");
  EXPECT_THAT(kdt_version(place.path()), ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

} // namespace
} // namespace kdt::cli
