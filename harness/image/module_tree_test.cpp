#include "base/file.hpp"
#include "image/module_tree.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ModuleTreeTest : public testing::Test {
protected:
  void touch(const std::string& file, const std::string& text = "") {
    make_directories((place.path() / file).parent_path());
    write_file(place.path() / file, text);
  }
  /// A build beside its source.
  void make_build() {
    touch("linux/Kconfig");
    touch("linux/Makefile");
    touch("build/Makefile", "# Automatically generated\ninclude " + (place.path() / "linux/Makefile").string() + "\n");
    for (const char* file : {"Module.symvers", "include/generated/autoconf.h", "scripts/mod/modpost", "scripts/a.o",
                             "arch/arm64/include/x.h", "arch/arm64/boot/Image", "mm/slub.o", ".config", "vmlinux"})
      touch(std::string("build/") + file);
  }
  bool copied(const std::string& file) { return fs::exists(place.path() / "copy" / file); }

  TempDir place{"kdt-module-tree-test"};
  fs::path build = place.path() / "build";
};

TEST_F(ModuleTreeTest, OnlyWhatAModuleBuildReadsIsCopied) {
  make_build();
  copy_module_tree(build, place.path() / "copy");
  for (const char* file : {"Makefile", ".config", "Module.symvers", "include/generated/autoconf.h",
                           "scripts/mod/modpost", "arch/arm64/include/x.h"})
    EXPECT_TRUE(copied(file)) << file;
  for (const char* file : {"vmlinux", "mm", "scripts/a.o", "arch/arm64/boot"}) EXPECT_FALSE(copied(file)) << file;
}

TEST_F(ModuleTreeTest, MakeIsToldTheSourceThatTheBuildNames) {
  make_build();
  auto source = fs::canonical(place.path() / "linux").string();
  EXPECT_THAT(module_make_of(build, "/copy"), ElementsAre("-C", source, "O=/copy"));
  touch("build/Kconfig"); // built in the tree itself
  EXPECT_THAT(module_make_of(build, "/copy"), ElementsAre("-C", "/copy"));
}

TEST_F(ModuleTreeTest, SaysWhyNoModuleCanBeBuilt) {
  make_build();
  EXPECT_EQ(why_no_modules(build, "CONFIG_MODULES=y\n"), "");
  EXPECT_EQ(why_no_modules(build, ""), ""); // not known is not off
  EXPECT_THAT(why_no_modules("", ""), HasSubstr("no build directory"));
  EXPECT_THAT(why_no_modules(build, "CONFIG_SMP=y\n"), HasSubstr("without CONFIG_MODULES"));
  fs::remove(place.path() / "linux/Kconfig");
  EXPECT_THAT(why_no_modules(build, ""), HasSubstr("the source tree that"));
  fs::remove(build / "Module.symvers");
  EXPECT_THAT(why_no_modules(build, ""), HasSubstr("has no Module.symvers"));
}

TEST_F(ModuleTreeTest, HashFollowsSymbolsAndOptions) {
  make_build();
  auto before = module_tree_hash(build);
  touch("build/mm/slub.o", "changed");
  EXPECT_EQ(module_tree_hash(build), before);
  touch("build/Module.symvers", "changed");
  EXPECT_NE(module_tree_hash(build), before);
  EXPECT_EQ(module_tree_hash(""), "");
}

TEST_F(ModuleTreeTest, APrunedSourceKeepsItsBuild) {
  for (const char* file : {"Makefile", "mm/slub.c", "include/linux/mm.h", "arch/x86/a.h", "arch/arm64/Makefile",
                           "README", "out/mm/slub.o"})
    touch(std::string("source/") + file);
  prune_source(place.path() / "source", "out");
  for (const char* file : {"Makefile", "include/linux/mm.h", "arch/arm64/Makefile", "out/mm/slub.o"})
    EXPECT_TRUE(fs::exists(place.path() / "source" / file)) << file;
  for (const char* file : {"mm", "arch/x86", "README"})
    EXPECT_FALSE(fs::exists(place.path() / "source" / file)) << file;
}

} // namespace
} // namespace kdt::image
