#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/repository.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kdt::cli {

TEST(FindRepository, ObeysKdtRootAndRefusesAWrongOne) {
  ::setenv("KDT_ROOT", KDT_SOURCE_DIR, 1);
  EXPECT_EQ(find_repository(), fs::path(KDT_SOURCE_DIR));
  TempDir empty("kdt-test");
  ::setenv("KDT_ROOT", empty.path().c_str(), 1);
  EXPECT_THROW(find_repository(), Error);
  ::unsetenv("KDT_ROOT");
}

} // namespace kdt::cli
