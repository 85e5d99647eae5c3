#include "image/images_fixture.hpp"

namespace kdt::image {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A directory that looks like a kernel's source, without git.
class OwnTreeTest : public ImagesTest {
protected:
  OwnTreeTest() {
    make_directories(tree / "arch/arm64");
    make_directories(tree / "drivers");
    write_file(tree / "Makefile", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 999\nEXTRAVERSION =\n");
    for (const char* file : {"Kconfig", "arch/arm64/Kconfig", "drivers/main.c"}) write_file(tree / file, "one\n");
  }
  /// Builds them; returns the images that did it.
  std::unique_ptr<Images> build(const std::vector<std::string>& texts) {
    auto images = std::make_unique<Images>(cache, place.path());
    images->add_own({.files = {}, .texts = texts});
    for (const auto& name : images->own_names()) images->kernel(name);
    return images;
  }
  std::string refusal(const std::string& settings) {
    try {
      build({"mine=" + tree.string() + settings});
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      return error.what();
    }
    return "accepted";
  }
  fs::path tree = place.path() / "linux";
};

TEST_F(OwnTreeTest, IsBuiltOnceFromAPrivateCopy) {
  auto images = build({"mine=" + tree.string()});
  auto kernel = images->kernel("mine");
  EXPECT_EQ(kernel.facts.at("zone_dma"), Value(true));
  EXPECT_EQ(kernel.no_probe, "");
  EXPECT_FALSE(fs::exists(tree / "kdt-build") || fs::exists(tree / ".config") || fs::exists(tree / ".git"));
  auto source = kernel.image.parent_path() / "module-source";
  EXPECT_TRUE(fs::exists(source / "Makefile") && fs::exists(source / "kdt-build/Module.symvers"));
  EXPECT_FALSE(fs::exists(source / "drivers")); // no module build reads it
  build({"mine=" + tree.string()});
  EXPECT_EQ(log(), "agent\nkernel\nprobe\n");
}

TEST_F(OwnTreeTest, ChangedFileOrFragmentRebuildsThisKernelOnly) {
  write_file(place.path() / "more.config", "CONFIG_MORE=y\n");
  auto fragment = ",fragment=" + (place.path() / "more.config").string();
  build({"one=" + tree.string() + fragment, "two=" + tree.string()});
  write_file(place.path() / "more.config", "CONFIG_MORE=n\n");
  build({"one=" + tree.string() + fragment, "two=" + tree.string()});
  EXPECT_EQ(log(), "agent\nkernel\nprobe\nkernel\nprobe\nkernel\nprobe\n");
  write_file(tree / "drivers/main.c", "two\n");
  build({"two=" + tree.string()});
  EXPECT_EQ(log(), "agent\nkernel\nprobe\nkernel\nprobe\nkernel\nprobe\nkernel\nprobe\n");
}

TEST_F(OwnTreeTest, BothVariantsDifferInTheirZones) {
  auto images = build({"mine=" + tree.string() + ",zone_dma=both"});
  EXPECT_EQ(images->kernel("mine-dma").facts.at("zone_dma"), Value(true));
  EXPECT_EQ(images->kernel("mine-nodma").facts.at("zone_dma"), Value(false));
}

TEST_F(OwnTreeTest, StartsFromAConfigOfTheUsers) {
  write_file(place.path() / "my.config", "CONFIG_SMP=y\nCONFIG_ARM64_64K_PAGES=y\n");
  auto images = build({"mine=" + tree.string() + ",config=" + (place.path() / "my.config").string()});
  EXPECT_EQ(images->kernel("mine").facts.at("page_size"), Value(std::int64_t{65536}));
}

TEST_F(OwnTreeTest, AModuleThatAGuestNeedsIsTakenFromTheBuild) {
  write_file(place.path() / "images/required-options.yaml",
             "options: [{any_of: [CONFIG_LOW], module: kdt_low, because: a reason}]\n");
  write_file(place.path() / "my.config", "CONFIG_LOW=m\n");
  fs::copy_file(KDT_TESTDATA "/modules/kdt_low.ko", fake("kdt_low.ko"));
  auto images = build({"mine=" + tree.string() + ",config=" + (place.path() / "my.config").string()});
  EXPECT_EQ(read_file(images->kernel("mine").image.parent_path() / "modules/order"), "kdt_low\n");
}

TEST_F(OwnTreeTest, FactsAreKnownBeforeItIsBuilt) {
  Images images(cache, place.path());
  images.add_own({.files = {}, .texts = {"mine=" + tree.string() + ",zone_dma=off"}});
  EXPECT_EQ(images.facts("mine").at("release"), Value(std::string("6.1.999-mine")));
  EXPECT_EQ(images.facts("mine").at("zone_dma"), Value(false));
  EXPECT_EQ(log(), "");
}

TEST_F(OwnTreeTest, OptionsThatOtherVersionsLackAreLetGoAndOthersAreNot) {
  write_file(fake("drop"), "CONFIG_ZONE_DMA");
  EXPECT_THAT(refusal(""), HasSubstr("Kconfig did not grant CONFIG_ZONE_DMA=y of zone-dma-on.config"));
  EXPECT_EQ(refusal(",zone_dma=off"), "accepted"); // base.config asks for it, too
  write_file(fake("drop"), "CONFIG_SMP");
  EXPECT_THAT(refusal(",zone_dma=off,fragment=" + (place.path() / "images/kconfig/base.config").string()),
              HasSubstr("CONFIG_SMP=y"));
}

TEST_F(OwnTreeTest, WhatNoGuestRunsWithoutIsAskedBeforeItIsBuilt) {
  write_file(place.path() / "my.config", "CONFIG_SMP=n\n");
  EXPECT_THAT(refusal(",config=" + (place.path() / "my.config").string()),
              HasSubstr("kernel mine cannot be tested: in its .config CONFIG_SMP is off (a reason)"));
  EXPECT_EQ(log(), "");
}

TEST_F(OwnTreeTest, CompilerErrorIsTheUsers) {
  write_file(fake("fail"), "init/main.c:1: error: it is broken");
  EXPECT_THAT(refusal(""), AllOf(HasSubstr("compiling failed"), HasSubstr("init/main.c:1: error: it is broken")));
}

TEST_F(OwnTreeTest, AFullDiskIsNot) {
  write_file(fake("fail"), "init/main.c:1: fatal error: error writing to /x.s: No space left on device");
  try {
    build({"mine=" + tree.string()});
    FAIL() << "built";
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::infra) << error.what();
  }
}

TEST_F(OwnTreeTest, AVersionThatNoModuleIsMadeForIsRefused) {
  write_file(place.path() / "images/required-options.yaml",
             "oldest: {version: \"6.2\", because: a reason}\noptions: []\n");
  EXPECT_THAT(refusal(""), HasSubstr("kernel mine cannot be tested: it is Linux 6.1.999, older than 6.2 (a reason)"));
  EXPECT_EQ(log(), "");
}

TEST_F(OwnTreeTest, AProbeThatDoesNotCompileIsRefusedUnlessNoneIsWanted) {
  write_file(fake("no-probe"), "probe.c:1: error: no such member");
  EXPECT_THAT(refusal(""), AllOf(HasSubstr("kernel mine cannot be tested with a probe module: "),
                                 HasSubstr("probe.c:1: error: no such member"), HasSubstr("say probe=off")));
  auto before = log();
  auto images = build({"mine=" + tree.string() + ",probe=off"});
  EXPECT_EQ(log(), before); // the kernel was there, and no probe was tried
  EXPECT_EQ(images->kernel("mine").no_probe, "probe=off was said");
  EXPECT_EQ(images->kernel("mine").facts.at("no_probe"), images->facts("mine").at("no_probe"));
  EXPECT_THROW(images->kernel("small"), Error); // one of ours must have one
  fs::remove(fake("no-probe"));
  EXPECT_EQ(build({"mine=" + tree.string()})->kernel("mine").no_probe, ""); // another initramfs
}

TEST_F(OwnTreeTest, AFullDiskWhileTheProbeCompilesIsNotKept) {
  write_file(fake("no-probe"), "probe.c:1: fatal error: error writing to /x.s: No space left on device");
  try {
    build({"mine=" + tree.string()});
    FAIL() << "built";
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::infra) << error.what();
  }
  fs::remove(fake("no-probe"));
  EXPECT_EQ(build({"mine=" + tree.string()})->kernel("mine").no_probe, "");
}

TEST_F(OwnTreeTest, AFileOfTheUsersNamesKernelsRelativeToItself) {
  write_file(place.path() / "mine.yaml", "kernels:\n"
                                         "  mine: {path: linux, zone_dma: both, description: my kernel}\n"
                                         "  copy: {description: a copy, source: linux, fragments: [base], steps: 2, "
                                         "free_space: 1M}\n");
  Images images(cache, place.path());
  images.add_own({.files = {(place.path() / "mine.yaml").string()}, .texts = {}});
  EXPECT_THAT(images.own_names(), testing::ElementsAre("mine-dma", "mine-nodma", "copy"));
  EXPECT_EQ(images.catalogue().kernel("mine-dma").description, "my kernel");
  EXPECT_EQ(images.kernel("mine-nodma").facts.at("zone_dma"), Value(false));
}

TEST_F(OwnTreeTest, MistakesInAFileOfTheUsersAreRefusedWithTheirPlace) {
  auto expect_refusal = [&](const std::string& body, const std::string& complaint) {
    write_file(place.path() / "mine.yaml", "kernels:\n  mine: " + body + "\n");
    EXPECT_THAT(
        [&] { Images(cache, place.path()).add_own({.files = {(place.path() / "mine.yaml").string()}, .texts = {}}); },
        ThrowsMessage<Error>(HasSubstr("mine.yaml:" + complaint)));
  };
  expect_refusal("{path: linux, zone_dma: offf}", "2:33: zone_dma: 'offf' is unknown (did you mean 'off'?)");
  expect_refusal("{path: linux, probe: none}", "2:30: probe: 'none' is unknown");
  expect_refusal("{pth: linux}", "2:10: kernel 'mine' has no key 'pth' (did you mean 'path'?)");
  expect_refusal("{source: linux, revision: v1}", "2:25: kernel 'mine' has no key 'revision'");
  expect_refusal("linux", "2:9: kernel 'mine' must be a mapping");
}

TEST_F(OwnTreeTest, AFileOfTheUsersSaysThatNoProbeIsWanted) {
  write_file(fake("no-probe"), "probe.c:1: error: no such member");
  write_file(place.path() / "mine.yaml", "kernels:\n  mine: {path: linux, probe: off}\n");
  Images images(cache, place.path());
  images.add_own({.files = {(place.path() / "mine.yaml").string()}, .texts = {}});
  EXPECT_EQ(images.kernel("mine").no_probe, "probe=off was said");
}

TEST_F(OwnTreeTest, ANameStandsForOneKernelOfTheUsers) {
  EXPECT_THAT(
      [&] {
        build({"mine=" + tree.string(), "mine=" + tree.string()});
      },
      ThrowsMessage<Error>(HasSubstr("two kernels of your own are called 'mine'")));
  auto images = build({"small=" + tree.string()}); // in place of the catalogue's
  EXPECT_TRUE(images->catalogue().kernel("small").own());
  EXPECT_EQ(images->catalogue().names().size(), 2u);
}

} // namespace
} // namespace kdt::image
