#include "image/images_fixture.hpp"

namespace kdt::image {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A finished build of a kernel, beside its source.
class OwnImageTest : public ImagesTest {
protected:
  OwnImageTest() {
    touch("build/Makefile", "include " + (place.path() / "linux/Makefile").string() + "\n");
    touch("build/Module.symvers", "");
    touch("build/.config", "CONFIG_SMP=y\nCONFIG_MODULES=y\nCONFIG_ZONE_DMA=y\n");
    touch("build/arch/arm64/boot/Image", tiny_image());
    touch("linux/Kconfig", "");
    touch("linux/Makefile", "");
  }
  void touch(const std::string& file, const std::string& text) {
    make_directories((place.path() / file).parent_path());
    write_file(place.path() / file, text);
  }
  static std::string tiny_image(const std::string& banner = "Linux version 6.1.999-mine (k@k)\n") {
    std::string content(64, '\0');
    content[24] = 2; // pages of 4 KiB
    content.replace(56, 4, "ARM\x64");
    return content + banner + std::string("\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0", 16) + std::string(20, '\x22');
  }
  /// A distribution's kernel: /boot and /lib/modules, and an option that is a module.
  void make_packages() {
    make_directories(place.path() / "root/lib/modules/6.1.999-mine/kernel");
    for (const char* name : {"kdt-mid.ko.xz", "kdt_low.ko"})
      fs::copy_file(fs::path(KDT_TESTDATA) / "modules" / name,
                    place.path() / "root/lib/modules/6.1.999-mine/kernel" / name);
    touch("root/boot/vmlinuz-6.1.999-mine", tiny_image());
    touch("root/boot/config-6.1.999-mine", "CONFIG_SMP=y\nCONFIG_MODULES=y\nCONFIG_MID=m\n");
    write_file(place.path() / "images/required-options.yaml",
               "oldest: {version: \"5.10\", because: a reason}\n"
               "options: [{any_of: [CONFIG_SMP], because: a reason},\n"
               "          {any_of: [CONFIG_MID], module: kdt_mid, because: a reason}]\n");
  }
  KernelImage build(const std::string& path) {
    images = std::make_unique<Images>(cache, place.path());
    images->add_own({.files = {}, .texts = {"mine=" + (place.path() / path).string()}});
    return images->kernel("mine");
  }
  std::string refusal(const std::string& path = "build") {
    try {
      build(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      return error.what();
    }
    return "accepted";
  }
  std::unique_ptr<Images> images;
};

TEST_F(OwnImageTest, ABuildDirectoryServesWithItsProbe) {
  auto kernel = build("build");
  EXPECT_EQ(kernel.release, "6.1.999-mine");
  EXPECT_EQ(kernel.build_id, std::string(40, '2'));
  EXPECT_EQ(kernel.facts.at("zone_dma"), Value(true));
  EXPECT_EQ(kernel.no_probe, "");
  EXPECT_EQ(kernel.vmlinux, "");
  EXPECT_EQ(log(), "agent\nprobe\n"); // no kernel is built
  EXPECT_FALSE(fs::exists(place.path() / "build/kdt_probe.ko"));
}

TEST_F(OwnImageTest, AnotherImageIsAnotherKernel) {
  auto before = build("build").fingerprint;
  EXPECT_EQ(build("build").fingerprint, before);
  touch("build/arch/arm64/boot/Image", tiny_image() + "more");
  EXPECT_NE(build("build").fingerprint, before);
}

TEST_F(OwnImageTest, AnImageAloneHasNoProbeAndFewFacts) {
  touch("alone/Image", tiny_image());
  auto kernel = build("alone");
  EXPECT_THAT(kernel.no_probe, HasSubstr("no build directory"));
  EXPECT_EQ(kernel.facts.at("version"), Value(std::string("6.1")));
  EXPECT_FALSE(kernel.facts.contains("zone_dma"));
  EXPECT_TRUE(images->facts("mine").contains("no_probe"));
}

TEST_F(OwnImageTest, ABuildDirectoryWhoseProbeDoesNotCompileIsRefusedUnlessNoneIsWanted) {
  write_file(fake("no-probe"), "probe.c:1: error: no such member");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("probe.c:1: error: no such member"), HasSubstr("say probe=off")));
  EXPECT_EQ(build("build,probe=off").no_probe, "probe=off was said");
}

TEST_F(OwnImageTest, WhatLacksAnOptionIsRefused) {
  touch("build/.config", "CONFIG_MODULES=y\n");
  EXPECT_THAT(refusal(), HasSubstr("kernel mine cannot be tested: in its .config CONFIG_SMP is off (a reason)"));
  EXPECT_EQ(log(), "");
}

TEST_F(OwnImageTest, FilesThatDoNotBelongTogetherAreRefused) {
  touch("build/.config", "CONFIG_SMP=y\nCONFIG_ARM64_64K_PAGES=y\n");
  EXPECT_THAT(refusal(), HasSubstr("has pages of 4096 bytes, its .config"));
  touch("build/.config", "#\n# Linux/arm64 6.2.0 Kernel Configuration\n#\nCONFIG_ARM64_4K_PAGES=y\n");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("Image is Linux 6.1.999-mine, its .config "), EndsWith(" is of 6.2.0")));
  touch("build/.config", "# Linux/arm64 6.1.2 Kernel Configuration\nCONFIG_SMP=y\n"); // as Debian numbers them
  EXPECT_EQ(refusal(), "accepted");
  fs::copy_file(fake("vmlinux"), place.path() / "build/vmlinux"); // build id 0123…
  EXPECT_THAT(refusal(), HasSubstr("is not of the same build as"));
}

TEST_F(OwnImageTest, ModulesOfADistributionAreLoadedByTheAgent) {
  make_packages();
  const std::string image = "root/boot/vmlinuz-6.1.999-mine";
  auto kernel = build(image + ",modules=" + (place.path() / "root").string());
  EXPECT_EQ(read_file(kernel.image.parent_path() / "modules/order"), "kdt_low\nkdt_mid\n");
  auto before = kernel.fingerprint;
  auto directory = place.path() / "root/lib/modules/6.1.999-mine";
  EXPECT_EQ(build(image + ",modules=" + directory.string()).fingerprint, before);
  EXPECT_THAT(refusal(image), HasSubstr("CONFIG_MID is a module, and no modules= says where it is"));
  fs::remove(directory / "kernel/kdt_low.ko");
  EXPECT_THAT(refusal(image + ",modules=" + directory.string()), HasSubstr("no module kdt_low, which kdt_mid needs"));
}

TEST_F(OwnImageTest, ModulesOfAnotherBuildAreRefused) {
  make_packages();
  touch("root/boot/vmlinuz-6.1.999-mine", tiny_image("Linux version 6.1.998-mine (k@k)\n"));
  auto modules = ",modules=" + (place.path() / "root/lib/modules/6.1.999-mine").string();
  EXPECT_THAT(refusal("root/boot/vmlinuz-6.1.999-mine" + modules),
              HasSubstr("its release is 6.1.998-mine, and module kdt_low in"));
  fs::remove(place.path() / "root/boot/config-6.1.999-mine");
  EXPECT_THAT(refusal("root/boot/vmlinuz-6.1.999-mine" + modules), HasSubstr("name that, too (config=FILE)"));
}

TEST_F(OwnImageTest, AVersionThatNoModuleIsMadeForIsRefused) {
  make_packages();
  touch("build/arch/arm64/boot/Image", tiny_image("Linux version 4.19.3 (k@k)\n"));
  touch("build/.config", "CONFIG_SMP=y\nCONFIG_MID=y\n");
  EXPECT_THAT(refusal(), HasSubstr("kernel mine cannot be tested: it is Linux 4.19.3, older than 5.10 (a reason)"));
}

TEST_F(OwnImageTest, WhatIsNoArm64LinuxIsRefused) {
  touch("build/arch/arm64/boot/Image", std::string(0x202, '\0') + "HdrS");
  EXPECT_THAT(refusal(), AllOf(StartsWith("kernel mine: "), HasSubstr("it is an x86 kernel")));
  touch("build/arch/arm64/boot/Image", tiny_image("no banner"));
  EXPECT_THAT(refusal(), HasSubstr("names no release"));
}

} // namespace
} // namespace kdt::image
