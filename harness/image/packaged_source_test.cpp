#include "base/error.hpp"
#include "image/packaged_source.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

TEST(SourceKey, MissingArchiveNamesItsPackage) {
  SourceSpec source{
      .name = "linux", .package = "linux-source-9", .archive = "/no/such.tar.xz", .leave_out = {}, .free_space = {}};
  EXPECT_THAT([&] { source_key(source); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("apt-get install linux-source-9")));
}

TEST(SourceKey, SourceOfAnotherReleaseNeedsNoInstalledPackage) {
  SourceSpec source{.name = "linux",
                    .package = "linux-source-9",
                    .archive = "/no/such.tar.xz",
                    .leave_out = {},
                    .free_space = {},
                    .suite = Suite{.name = "next"}};
  auto key = source_key(source);
  source.suite->name = "last";
  EXPECT_NE(source_key(source).hash(), key.hash());
}

} // namespace
} // namespace kdt::image
