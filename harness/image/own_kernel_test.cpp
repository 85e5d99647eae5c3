#include "base/error.hpp"
#include "base/file.hpp"
#include "image/own_kernel.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class OwnKernelTest : public testing::Test {
protected:
  void touch(const std::string& file) {
    make_directories((place.path() / file).parent_path());
    write_file(place.path() / file, "");
  }
  std::string at(const std::string& path) { return (place.path() / path).string(); }
  std::vector<KernelSpec> specs(const std::string& text) {
    return own_specs(parse_own_kernel(text), {.fragments = {"base"}, .steps = 1, .free_space = {}});
  }
  std::string refusal(const std::string& text) {
    try {
      specs(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      return error.what();
    }
    return "accepted";
  }
  void make_tree() {
    touch("linux/Kconfig");
    touch("linux/Makefile");
  }
  void make_build(const std::string& name) {
    for (const char* file : {"/.config", "/arch/arm64/boot/Image", "/vmlinux"}) touch(name + file);
  }
  TempDir place{"kdt-own-kernel-test"};
};

TEST_F(OwnKernelTest, TextHoldsNamePathRevisionAndSettings) {
  auto own =
      parse_own_kernel("series=/no/linux@topic/v2,patches=/no/p,fragment=a.config,fragment=b.config,zone_dma=both");
  EXPECT_EQ(own.name, "series");
  EXPECT_EQ(own.path, "/no/linux");
  EXPECT_EQ(own.revision, "topic/v2");
  EXPECT_EQ(own.patches, "/no/p");
  EXPECT_THAT(own.fragments, ElementsAre("a.config", "b.config"));
  EXPECT_EQ(own.zone_dma, "both");
  EXPECT_EQ(parse_own_kernel("a=" + at("x@y")).revision, "y");
  EXPECT_EQ(parse_own_kernel("a=/no/linux@HEAD@{1}").revision, "HEAD@{1}");
  touch("x@y"); // a file of that name is meant
  EXPECT_EQ(parse_own_kernel("a=" + at("x@y")).revision, "");
  auto deep = parse_own_kernel("a=" + at("x@y@HEAD@{1}")); // as much as is there is the path
  EXPECT_EQ(deep.path, at("x@y"));
  EXPECT_EQ(deep.revision, "HEAD@{1}");
}

TEST_F(OwnKernelTest, MistypedTextIsRefused) {
  EXPECT_THAT(refusal("/linux"), HasSubstr("--kernel /linux: wanted NAME=PATH"));
  EXPECT_THAT(refusal("a/b=/linux"), HasSubstr("wanted NAME=PATH"));
  EXPECT_THAT(refusal("a=/linux,patch=x"), HasSubstr("'patch=x' is no setting (known: patches, "));
  EXPECT_THAT(refusal("a=/linux,zone_dma=yes"), HasSubstr("zone_dma is on, off or both, not 'yes'"));
  EXPECT_THAT(refusal("a=/linux,probe=no"), HasSubstr("probe is on or off, not 'no'"));
  EXPECT_THAT(refusal("a=/no/linux@"), HasSubstr("no revision behind '@'"));
  EXPECT_THAT(refusal("a=" + at("none")), HasSubstr("none: no such file or directory"));
}

TEST_F(OwnKernelTest, ATreeIsBuiltWithZonesUnlessAskedOtherwise) {
  make_tree();
  auto tree = [&](const std::string& more) { return std::get<OwnTree>(specs("a=" + at("linux") + more).at(0).from); };
  EXPECT_THAT(tree("").fragments, ElementsAre("base"));
  EXPECT_THAT(tree("").wanted_fragments, ElementsAre("zone-dma-on"));
  EXPECT_THAT(tree(",zone_dma=off").wanted_fragments, ElementsAre("zone-dma-off"));
  EXPECT_EQ(tree("@v6.1").revision, "v6.1");
  auto both = specs("a=" + at("linux") + ",zone_dma=both");
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].name, "a-dma");
  EXPECT_EQ(both[1].name, "a-nodma");
}

TEST_F(OwnKernelTest, AConfigOfItsOwnIsTakenAsItIs) {
  make_tree();
  touch("my.config");
  auto tree = std::get<OwnTree>(specs("a=" + at("linux") + ",config=" + at("my.config")).at(0).from);
  EXPECT_EQ(tree.config, at("my.config"));
  EXPECT_TRUE(tree.fragments.empty() && tree.wanted_fragments.empty());
  auto more = std::get<OwnTree>(specs("a=" + at("linux") + ",fragment=" + at("my.config")).at(0).from);
  EXPECT_THAT(more.wanted_fragments, ElementsAre("zone-dma-on", at("my")));
  touch("my.txt");
  EXPECT_THAT(refusal("a=" + at("linux") + ",fragment=" + at("my.txt")), HasSubstr("a fragment is a file *.config"));
  EXPECT_THAT(refusal("a=" + at("linux") + ",config=" + at("none")), HasSubstr("none: no such file"));
}

TEST_F(OwnKernelTest, ABuildDirectoryAndTheImageInItAreTheSame) {
  make_build("build");
  auto build = std::get<OwnImage>(specs("a=" + at("build")).at(0).from);
  EXPECT_EQ(build.image, at("build/arch/arm64/boot/Image"));
  EXPECT_EQ(build.config, at("build/.config"));
  EXPECT_EQ(build.vmlinux, at("build/vmlinux"));
  EXPECT_EQ(build.system_map, "");
  EXPECT_EQ(std::get<OwnImage>(specs("a=" + at("build/arch/arm64/boot/Image")).at(0).from).build, at("build"));
}

TEST_F(OwnKernelTest, ATreeThatWasBuiltInIsATreeAndItsImageABuild) {
  make_tree();
  make_build("linux");
  EXPECT_TRUE(std::holds_alternative<OwnTree>(specs("a=" + at("linux")).at(0).from));
  EXPECT_EQ(std::get<OwnImage>(specs("a=" + at("linux/arch/arm64/boot/Image")).at(0).from).build, at("linux"));
}

TEST_F(OwnKernelTest, AnImageFindsItsConfigBesideIt) {
  touch("boot/vmlinuz-6.1.0-9-arm64");
  touch("boot/config-6.1.0-9-arm64");
  auto image = std::get<OwnImage>(specs("a=" + at("boot/vmlinuz-6.1.0-9-arm64")).at(0).from);
  EXPECT_EQ(image.config, at("boot/config-6.1.0-9-arm64"));
  touch("entry/Image");
  touch("entry/config");
  EXPECT_EQ(std::get<OwnImage>(specs("a=" + at("entry")).at(0).from).config, at("entry/config"));
}

TEST_F(OwnKernelTest, ModulesAreNamedForAnImageAndFoundInABuild) {
  make_build("build");
  make_tree();
  touch("boot/Image");
  auto modules = [&](const std::string& text) { return std::get<OwnImage>(specs(text).at(0).from).modules; };
  EXPECT_EQ(modules("a=" + at("build")), at("build"));
  EXPECT_EQ(modules("a=" + at("boot/Image")), "");
  EXPECT_EQ(modules("a=" + at("boot/Image") + ",modules=" + at("build")), at("build"));
  EXPECT_THAT(refusal("a=" + at("boot/Image") + ",modules=" + at("none")), HasSubstr("none: no such directory"));
  EXPECT_THAT(refusal("a=" + at("build") + ",modules=" + at("boot")), HasSubstr("modules are for an Image"));
  EXPECT_THAT(refusal("a=" + at("linux") + ",modules=" + at("boot")), HasSubstr("is a source tree"));
}

TEST_F(OwnKernelTest, WhatIsNoKernelIsNamed) {
  touch("x86/arch/x86/boot/bzImage");
  touch("half/.config");
  touch("empty/file");
  EXPECT_THAT(refusal("a=" + at("x86")), HasSubstr("is a build of an x86 kernel"));
  EXPECT_THAT(refusal("a=" + at("half")), HasSubstr("without arch/arm64/boot/Image: finish the build"));
  EXPECT_THAT(refusal("a=" + at("empty")), HasSubstr("is no kernel: neither a source tree"));
}

TEST_F(OwnKernelTest, AnyKindMayDoWithoutAProbe) {
  make_build("build");
  make_tree();
  for (const char* path : {"build", "linux"}) {
    EXPECT_TRUE(specs("a=" + at(path)).at(0).probe);
    EXPECT_TRUE(specs("a=" + at(path) + ",probe=on").at(0).probe);
    EXPECT_FALSE(specs("a=" + at(path) + ",probe=off").at(0).probe);
  }
  for (const auto& spec : specs("a=" + at("linux") + ",zone_dma=both,probe=off")) EXPECT_FALSE(spec.probe);
}

TEST_F(OwnKernelTest, SettingsOfATreeAreForTreesOnly) {
  make_build("build");
  touch("p.patch");
  EXPECT_THAT(refusal("a=" + at("build") + "@v1"), HasSubstr("a revision is for a source tree"));
  EXPECT_THAT(refusal("a=" + at("build") + ",patches=" + at("p.patch")), HasSubstr("patches is for a source tree"));
  EXPECT_THAT(refusal("a=" + at("build") + ",zone_dma=on"), HasSubstr("is a build directory"));
}

} // namespace
} // namespace kdt::image
