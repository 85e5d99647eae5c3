#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "image/kernel_modules.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// lib/modules/RELEASE with the modules of testdata: kdt_top needs kdt-mid, which needs kdt_low.
class ModulesTest : public testing::Test {
protected:
  ModulesTest() {
    make_directories(tree() / "kernel/drivers");
    for (const char* name : {"kdt-mid.ko.xz", "kdt_low.ko", "kdt_top.ko"})
      fs::copy_file(fs::path(KDT_TESTDATA) / "modules" / name, tree() / "kernel/drivers" / name);
  }
  fs::path tree() const { return place.path() / "modules"; }
  std::vector<std::string> names(const std::vector<std::string>& wanted) {
    std::vector<std::string> found;
    for (const auto& module : modules_in_order(tree(), wanted, "a test")) found.push_back(module.name);
    return found;
  }
  TempDir place{"kdt-modules-test"};
};

TEST_F(ModulesTest, DependenciesComeFirstAndOnce) {
  EXPECT_THAT(names({"kdt_top", "kdt_low"}), ElementsAre("kdt_low", "kdt_mid", "kdt_top"));
}

TEST_F(ModulesTest, CompressedModuleIsUnpacked) {
  EXPECT_THAT(modules_in_order(tree(), {"kdt_mid"}, "a test").back().content, testing::StartsWith("\x7f"
                                                                                                  "ELF"));
}

TEST_F(ModulesTest, BuiltInModuleNeedsNoFile) {
  fs::remove(tree() / "kernel/drivers/kdt_low.ko");
  EXPECT_THAT([&] { names({"kdt_top"}); }, ThrowsMessage<Error>(HasSubstr("no module kdt_low, which kdt_mid needs")));
  write_file(tree() / "modules.builtin", "kernel/drivers/kdt-low.ko\n");
  EXPECT_THAT(names({"kdt_top"}), ElementsAre("kdt_mid", "kdt_top"));
}

TEST_F(ModulesTest, UnknownModuleIsNamed) {
  EXPECT_THAT([&] { names({"nothing"}); }, ThrowsMessage<Error>(HasSubstr("no module nothing, which a test")));
}

TEST_F(ModulesTest, DamagedModuleIsNamed) {
  std::string damaged = read_file(fs::path(KDT_TESTDATA) / "modules/kdt-mid.ko.xz");
  damaged.resize(damaged.size() / 2);
  write_file(tree() / "kernel/drivers/kdt-mid.ko.xz", damaged);
  EXPECT_THAT([&] { names({"kdt_mid"}); }, ThrowsMessage<Error>(HasSubstr("kdt-mid.ko.xz: cannot read")));
}

TEST_F(ModulesTest, AModuleTellsTheReleaseOfItsKernel) {
  KernelModule low{.name = "kdt_low", .content = read_file(fs::path(KDT_TESTDATA) / "modules/kdt_low.ko")};
  EXPECT_EQ(release_of(low), "6.1.999-mine");
  EXPECT_EQ(release_of({.name = "none", .content = read_file(fs::path(KDT_TESTDATA) / "program")}), "");
}

TEST_F(ModulesTest, OrderIsWrittenForTheAgent) {
  write_modules(modules_in_order(tree(), {"kdt_mid"}, "a test"), place.path() / "out");
  EXPECT_EQ(read_file(place.path() / "out/order"), "kdt_low\nkdt_mid\n");
  EXPECT_TRUE(fs::exists(place.path() / "out/kdt_mid.ko"));
}

} // namespace
} // namespace kdt::image
