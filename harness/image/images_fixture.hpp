#pragma once

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "image/images.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

namespace kdt::image {

/// A repository with one small kernel, and every tool replaced by a script, so that a build takes milliseconds.
class ImagesTest : public testing::Test {
protected:
  ImagesTest() {
    for (const char* directory :
         {"images/kconfig", "guests/agent", "guests/include", "guests/probe", "bin", "fake", "files/sbin", "files/lib"})
      make_directories(place.path() / directory);
    write_repository();
    for (const char* tool : {"aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++", "aarch64-linux-gnu-ld",
                             "aarch64-linux-gnu-strip", "gcc", "flex", "bison", "bc", "perl", "xz", "tar", "ccache"})
      script(tool, "echo 1.0");
    script("dpkg-query", "printf 6.1.999-1");
    script("mmdebstrap", "for word; do case $word in *.tar) cp \"$FAKE/packages.tar\" \"$word\" ;; esac; done");
    fs::copy_file(KDT_TESTDATA "/make", place.path() / "bin/make");
    fs::copy_file(KDT_TESTDATA "/program", fake("vmlinux"));
    write_packages();
    ::setenv("PATH", ((place.path() / "bin").string() + ":/usr/bin:/bin").c_str(), 1);
    ::setenv("FAKE", fake("").c_str(), 1);
  }
  ~ImagesTest() override { ::setenv("PATH", old_path.c_str(), 1); }

  fs::path fake(const std::string& name) { return place.path() / "fake" / name; }
  void script(const std::string& name, const std::string& body) {
    write_file(place.path() / "bin" / name, "#!/bin/sh\n" + body + "\n");
    fs::permissions(place.path() / "bin" / name, fs::perms(0755));
  }
  void write_repository() {
    write_file(place.path() / "source.tar.xz", "");
    write_file(
        place.path() / "images/kernels.yaml",
        fmt::format(
            "sources:\n  linux: {{package: linux-source-6.1, archive: {}, free_space: 1M}}\n"
            "own_trees: {{fragments: [base], steps: 2, free_space: 1M}}\n"
            "kernels:\n  small: {{description: one, source: linux, fragments: [base], steps: 2, free_space: 1M}}\n"
            "  other: {{description: two, source: linux, fragments: [base], steps: 2, free_space: 1M}}\n",
            (place.path() / "source.tar.xz").string()));
    write_file(place.path() / "images/kconfig/base.config",
               "CONFIG_SMP=y # reason\nCONFIG_ZONE_DMA=y # reason\nCONFIG_MODULES=y # reason\n");
    write_file(place.path() / "images/kconfig/zone-dma-on.config", "CONFIG_ZONE_DMA=y # reason\n");
    write_file(place.path() / "images/kconfig/zone-dma-off.config", "CONFIG_ZONE_DMA=n # reason\n");
    write_file(place.path() / "images/required-options.yaml", "options: [{any_of: [CONFIG_SMP], because: a reason}]\n");
    write_file(place.path() / "images/userspace.yaml",
               "suite: x\npackages: [a]\nprograms: [sbin/program]\nfree_space: 1M\n");
    write_file(place.path() / "guests/agent/agent.cpp", "int main() {}\n");
    write_file(place.path() / "guests/probe/kdt_probe.c", "\n");
  }
  void write_packages() {
    const fs::path files = place.path() / "files";
    fs::copy_file(KDT_TESTDATA "/program", files / "sbin/program");
    for (const char* name : {"libkdta.so.1", "libkdtb.so.1"})
      fs::copy_file(fs::path(KDT_TESTDATA) / name, files / "lib" / name);
    fs::copy_file(KDT_TESTDATA "/libkdtb.so.1", files / "lib/ld-kdt.so.1");
    pack("a_1%3a2.0-1_arm64.deb\nkexec-tools_1%3a2.0.25-3+deb12u3_arm64.deb\n");
  }
  /// What mmdebstrap will deliver from now on: the same files, of these packages.
  void pack(const std::string& packages) {
    const fs::path files = place.path() / "files";
    write_file(files / "kdt-packages", packages);
    auto tar = run_program({.argv = {"/bin/tar", "-C", files.string(), "-cf", fake("packages.tar").string(), "."}},
                           Deadline::after(std::chrono::seconds(30)));
    ASSERT_TRUE(tar.status.success()) << tar.err;
  }
  std::string log() { return fs::exists(fake("log")) ? read_file(fake("log")) : ""; }
  std::vector<std::string> entry_kinds(Images& images) {
    std::vector<std::string> kinds;
    for (const auto& entry : images.entries()) kinds.push_back(entry.kind);
    std::sort(kinds.begin(), kinds.end());
    return kinds;
  }

  std::string old_path = std::getenv("PATH");
  TempDir place{"kdt-images-test"};
  fs::path cache = place.path() / "cache";
};

} // namespace kdt::image
