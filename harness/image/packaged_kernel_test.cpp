#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "image/packaged_kernel.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

namespace kdt::image {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// Packages of a kernel 9.1 as they lie unpacked.
class PackagesTest : public testing::Test {
protected:
  PackagesTest() {
    make_directories(place.path() / "bin");
    for (const char* directory : {"boot", "lib/modules/9.1-arm64", "usr/src/linux-headers-9.1-arm64",
                                  "usr/src/linux-headers-9.1-common", "usr/lib/linux-kbuild-9.1/scripts"})
      make_directories(tree() / directory);
    make_directories(entry());
    write_file(tree() / "boot/vmlinuz-9.1-arm64", std::string(56, '\0') + "ARM\x64 and code");
    write_file(tree() / "usr/src/linux-headers-9.1-arm64/.config", "CONFIG_KEXEC=y\n");
    write_file(tree() / "usr/src/linux-headers-9.1-arm64/vmlinux", "BTF");
  }
  fs::path tree() const { return place.path() / "tree"; }
  fs::path tools() const { return place.path() / "tools"; }
  fs::path entry() const { return place.path() / "entry"; }
  TempDir place{"kdt-packaged-test"};
};

PackagedKernel spec() {
  return {.suite = {.name = "bookworm"},
          .packages = {"linux-image-arm64"},
          .modules = {"virtio_blk"},
          .apt_sources = {},
          .expected = {{"version", std::string("6.1")}},
          .free_space = {}};
}

TEST_F(PackagesTest, BecomeAnEntry) {
  collect_packaged(tree(), {}, entry());
  EXPECT_THAT(read_file(entry() / "Image"), HasSubstr("and code"));
  EXPECT_EQ(read_file(entry() / "release"), "9.1-arm64");
  EXPECT_EQ(entry_facts(entry()).at("kexec_load"), Value(true));
  EXPECT_TRUE(fs::exists(entry() / "modules/order"));
  EXPECT_TRUE(fs::exists(entry() / "module-build/usr/lib/linux-kbuild-9.1"));
  EXPECT_FALSE(fs::exists(entry() / "module-build/usr/src/linux-headers-9.1-arm64/vmlinux"));
}

TEST_F(PackagesTest, TheImageMayLieWithTheModules) {
  make_directories(tree() / "usr/lib/modules");
  fs::rename(tree() / "lib/modules/9.1-arm64", tree() / "usr/lib/modules/9.1-arm64");
  fs::rename(tree() / "boot/vmlinuz-9.1-arm64", tree() / "usr/lib/modules/9.1-arm64/vmlinuz");
  collect_packaged(tree(), {}, entry());
  EXPECT_THAT(read_file(entry() / "Image"), HasSubstr("and code"));
  EXPECT_EQ(read_file(entry() / "release"), "9.1-arm64");
}

TEST_F(PackagesTest, OtherImagesAreRefused) {
  write_file(tree() / "boot/vmlinuz-9.1-arm64", std::string(200, 'x'));
  EXPECT_THAT([&] { collect_packaged(tree(), {}, entry()); }, ThrowsMessage<Error>(HasSubstr("no arm64 Image")));
}

TEST_F(PackagesTest, TwoKernelsAreRefused) {
  make_directories(tree() / "lib/modules/9.2-arm64");
  EXPECT_THAT([&] { collect_packaged(tree(), {}, entry()); }, ThrowsMessage<Error>(HasSubstr("2 files * in modules")));
}

TEST_F(PackagesTest, BuildProgramsRunUnderTheirOwnLoader) {
  const fs::path scripts = tools() / "usr/lib/linux-kbuild-9.1/scripts";
  const fs::path library = tools() / "usr/lib/x86_64-linux-gnu";
  make_directories(scripts / "mod");
  make_directories(scripts / "basic");
  make_directories(library);
  for (const char* program : {"basic/fixdep", "mod/modpost", "mod/modpost.real-lsb-64", "mod/modpost.real-msb-64"})
    write_file(scripts / program, "\x7f"
                                  "ELF");
  write_file(scripts / "plain.sh", "#!/bin/sh\n");
  write_file(library / "libc.so.6", "");
  write_file(library / "ld-linux.so.2", "#!/bin/sh\nshift 2\necho loaded \"$@\"\n");
  fs::permissions(library / "ld-linux.so.2", fs::perms(0755));
  replace_build_programs(tools(), tree());

  const fs::path programs = tree() / "usr/lib/linux-kbuild-9.1/scripts";
  auto run = [&](const fs::path& program) {
    return run_program({.argv = {program.string(), "-x", "two words"}}, Deadline::never()).out;
  };
  EXPECT_THAT(run(programs / "mod/modpost"), HasSubstr("mod/modpost.real-lsb-64 -x two words"));
  EXPECT_THAT(run(programs / "basic/fixdep"), HasSubstr("basic/fixdep.elf -x two words"));
  EXPECT_EQ(read_file(programs / "plain.sh"), "#!/bin/sh\n");
}

TEST_F(PackagesTest, BuildProgramsWithoutTheirLibraryAreRefused) {
  make_directories(tools() / "usr/lib/linux-kbuild-9.1/scripts");
  EXPECT_THAT([&] { replace_build_programs(tools(), tree()); }, ThrowsMessage<Error>(HasSubstr("no C library")));
}

TEST(PackagedKernel, KeyIsWhatIsAskedFor) {
  auto key = [](const PackagedKernel& kernel) {
    return PackagedKernelOrigin("a", kernel, KDT_SOURCE_DIR "/images").key().hash();
  };
  auto stale = spec();
  stale.suite.stale = true;
  auto more = spec();
  more.modules.push_back("virtio_pci");
  EXPECT_EQ(key(spec()), key(spec()));
  EXPECT_NE(key(stale), key(spec()));
  EXPECT_NE(key(more), key(spec()));
}

TEST(PackagedKernel, BeforeItIsFetchedTheCatalogueSpeaksOfIt) {
  PackagedKernelOrigin origin("a", spec(), KDT_SOURCE_DIR "/images");
  EXPECT_EQ(origin.forecast().at("version"), Value(std::string("6.1")));
}

/// An mmdebstrap that delivers a kernel, and the tools to build modules for it.
TEST_F(PackagesTest, AreFetchedTwiceAndTellTheirVersions) {
  const fs::path kernel = place.path() / "kernel/kdt";
  const fs::path kbuild = place.path() / "tools/kdt/tree/usr/lib/linux-kbuild-9.1/scripts";
  make_directories(kernel);
  make_directories(kbuild);
  fs::rename(tree(), kernel / "tree");
  write_file(kernel / "packages", "linux-image-9.1-arm64_9.1.2-1_arm64.deb\nlinux-kbuild-9.1_9.1.2-1_arm64.deb\n");
  write_file(place.path() / "tools/kdt/packages", "");
  make_directories(place.path() / "tools/kdt/tree/usr/lib/x-linux-gnu");
  write_file(place.path() / "tools/kdt/tree/usr/lib/x-linux-gnu/ld-linux.so.2", "");
  write_file(place.path() / "tools/kdt/tree/usr/lib/x-linux-gnu/libc.so.6", "");
  write_file(place.path() / "bin/mmdebstrap", "#!/bin/sh\ncd " + place.path().string() +
                                                  "\ncase $* in *libc6*) root=tools ;; *) root=kernel ;; esac\n"
                                                  "for word; do case $word in *.tar) tar=$word ;; esac; done\n"
                                                  "exec tar -C $root -cf \"$tar\" ./kdt\n");
  fs::permissions(place.path() / "bin/mmdebstrap", fs::perms(0755));
  const std::string old_path = std::getenv("PATH");
  ::setenv("PATH", ((place.path() / "bin").string() + ":" + old_path).c_str(), 1);

  Cache cache(place.path() / "cache");
  Observer observer;
  auto make = [&](const EntryKey& key, const FillEntry& fill) {
    return cache.get(key, [&](const fs::path& directory) {
      BuildSteps steps("test", place.path() / "log", observer, {});
      fill(directory, steps);
    });
  };
  auto wanted = spec();
  wanted.modules.clear();
  auto entry = PackagedKernelOrigin("a", wanted, KDT_SOURCE_DIR "/images").provide(make);
  ::setenv("PATH", old_path.c_str(), 1);

  EXPECT_EQ(read_file(entry.entry.path() / "content"), "linux-image-9.1-arm64 9.1.2-1\nlinux-kbuild-9.1 9.1.2-1\n");
  EXPECT_EQ(entry.module_make[1], (entry.entry.path() / "module-build/usr/src/linux-headers-9.1-common").string());
  EXPECT_TRUE(fs::exists(entry.entry.path() / "module-build/usr/lib/linux-kbuild-9.1/libc/loader"));
}

} // namespace
} // namespace kdt::image
