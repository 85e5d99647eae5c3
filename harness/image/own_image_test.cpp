#include "image/images_fixture.hpp"

namespace kdt::image {
namespace {

using testing::HasSubstr;

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

TEST_F(OwnImageTest, WhatLacksAnOptionIsRefused) {
  touch("build/.config", "CONFIG_MODULES=y\n");
  EXPECT_THAT(refusal(), HasSubstr("kernel mine cannot be tested: in its .config CONFIG_SMP is off (a reason)"));
  EXPECT_EQ(log(), "");
}

TEST_F(OwnImageTest, FilesThatDoNotBelongTogetherAreRefused) {
  touch("build/.config", "CONFIG_SMP=y\nCONFIG_ARM64_64K_PAGES=y\n");
  EXPECT_THAT(refusal(), HasSubstr("has pages of 4096 bytes, its .config"));
  touch("build/.config", "CONFIG_SMP=y\n");
  fs::copy_file(fake("vmlinux"), place.path() / "build/vmlinux"); // build id 0123…
  EXPECT_THAT(refusal(), HasSubstr("is not of the same build as"));
}

TEST_F(OwnImageTest, WhatIsNoArm64LinuxIsRefused) {
  touch("build/arch/arm64/boot/Image", std::string(0x202, '\0') + "HdrS");
  EXPECT_THAT(refusal(), HasSubstr("it is an x86 kernel"));
  touch("build/arch/arm64/boot/Image", tiny_image("no banner"));
  EXPECT_THAT(refusal(), HasSubstr("names no release"));
}

} // namespace
} // namespace kdt::image
