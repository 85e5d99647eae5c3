#include "base/error.hpp"
#include "base/file.hpp"
#include "image/kernel_builder.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

TEST(MergedOptions, NameTheKernelInItsRelease) {
  auto options = merged_options("v6.1-x", {"kdump"}, KDT_SOURCE_DIR "/images/kconfig");
  EXPECT_EQ(options.back().name, "CONFIG_LOCALVERSION");
  EXPECT_EQ(options.back().value, "\"-v6.1-x\"");
}

TEST(MergedOptions, MissingFragmentIsAnError) {
  EXPECT_THAT([] { merged_options("v6.1-x", {"none"}, KDT_SOURCE_DIR "/images/kconfig"); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("none.config")));
}

TEST(KernelMake, BannerDoesNotDependOnTheHost) {
  Command command = kernel_make({"Image"});
  EXPECT_THAT(command.argv, testing::ElementsAre("make", "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", "Image"));
  for (const char* name : {"KBUILD_BUILD_USER", "KBUILD_BUILD_HOST", "KBUILD_BUILD_TIMESTAMP"})
    EXPECT_FALSE(command.environment.at(name).empty()) << name;
}

} // namespace
} // namespace kdt::image
