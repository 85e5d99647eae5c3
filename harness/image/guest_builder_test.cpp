#include "base/error.hpp"
#include "base/file.hpp"
#include "image/guest_builder.hpp"

#include <gtest/gtest.h>

namespace kdt::image {
namespace {

class SourcesHash : public testing::Test {
protected:
  SourcesHash() { write("a.cpp", "1"); }
  void write(const std::string& name, const std::string& text) { write_file(place.path() / name, text); }
  std::string hash() { return sources_hash({place.path()}); }
  TempDir place{"kdt-sources-test"};
};

TEST_F(SourcesHash, ChangesWithContentsAndNames) {
  const std::string before = hash();
  EXPECT_EQ(hash(), before);
  write("a.cpp", "2");
  EXPECT_NE(hash(), before);
  write("a.cpp", "1");
  EXPECT_EQ(hash(), before);
  write("b.cpp", "");
  EXPECT_NE(hash(), before);
}

TEST_F(SourcesHash, IgnoresTests) {
  const std::string before = hash();
  write("a_test.cpp", "x");
  EXPECT_EQ(hash(), before);
}

TEST_F(SourcesHash, MissingDirectoryIsAnError) {
  EXPECT_THROW(sources_hash({place.path() / "none"}), Error);
}

} // namespace
} // namespace kdt::image
