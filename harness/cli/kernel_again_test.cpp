#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/kernel_again.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {
namespace {

using ::testing::HasSubstr;

class KernelAgain : public ::testing::Test {
protected:
  fs::path file(const std::string& name) {
    write_file(directory_.path() / name, name);
    return directory_.path() / name;
  }
  TempDir directory_{"kdt-test"};
  image::Images images_{directory_.path() / "cache", KDT_SOURCE_DIR};
  run::Recipe recipe_;
};

TEST_F(KernelAgain, IsTheVerySameFilesWhenTheyAreThere) {
  auto& recorded = recipe_.kernel;
  recorded.image = file("Image");
  recorded.initramfs = file("initramfs");
  recorded.vmlinux = file("vmlinux");
  recorded.system_map = directory_.path() / "gone";
  auto kernel = kernel_again(recipe_, images_, {});
  EXPECT_EQ(kernel.image, recipe_.kernel.image);
  EXPECT_EQ(kernel.vmlinux, recipe_.kernel.vmlinux);
  EXPECT_EQ(kernel.system_map, "") << "what is gone beside them is left out";
}

TEST_F(KernelAgain, OfAnUnknownNameCannotBeMadeAgain) {
  recipe_.kernel.name = "my-own";
  recipe_.kernel.image = directory_.path() / "gone";
  recipe_.kernel.initramfs = file("initramfs");
  try {
    kernel_again(recipe_, images_, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    EXPECT_THAT(error.what(), HasSubstr("no kernel is called 'my-own' here"));
  }
}

} // namespace
} // namespace kdt::cli
