#pragma once

#include "base/file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

namespace kdt::testing {

/// Holds text against a golden file. With KDT_UPDATE_GOLDEN=1 the file is written instead, to be read in the diff.
inline void expect_golden(std::string_view text, const fs::path& file) {
  if (std::getenv("KDT_UPDATE_GOLDEN") != nullptr) {
    make_directories(file.parent_path());
    write_file(file, text);
    return;
  }
  ASSERT_TRUE(fs::exists(file)) << file << " is missing: KDT_UPDATE_GOLDEN=1 writes it";
  EXPECT_EQ(text, read_file(file)) << "differs from " << file;
}

} // namespace kdt::testing
