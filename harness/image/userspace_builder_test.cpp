#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "image/userspace_builder.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::HasSubstr;
using testing::Key;
using testing::ThrowsMessage;
using testing::UnorderedElementsAre;

PackageFiles sample() {
  PackageFiles packages;
  packages.content["usr/sbin/program"] = read_file(KDT_TESTDATA "/program");
  packages.content["usr/lib/aarch64-linux-gnu/libkdta.so.1.2"] = read_file(KDT_TESTDATA "/libkdta.so.1");
  packages.links["usr/lib/aarch64-linux-gnu/libkdta.so.1"] = "usr/lib/aarch64-linux-gnu/libkdta.so.1.2";
  packages.content["lib/aarch64-linux-gnu/libkdtb.so.1"] = read_file(KDT_TESTDATA "/libkdtb.so.1");
  packages.content["lib/ld-kdt.so.1"] = read_file(KDT_TESTDATA "/libkdtb.so.1");
  packages.content["usr/bin/other"] = "never asked for";
  return packages;
}

UserspaceSpec spec_of(std::vector<std::filesystem::path> programs) {
  UserspaceSpec spec;
  spec.programs = std::move(programs);
  return spec;
}

TEST(GuestFiles, FollowsLibrariesOfLibrariesAndTheLoader) {
  EXPECT_THAT(guest_files(spec_of({"sbin/program"}), sample()),
              UnorderedElementsAre(Key("sbin/program"), Key("lib/aarch64-linux-gnu/libkdta.so.1"),
                                   Key("lib/aarch64-linux-gnu/libkdtb.so.1"), Key("lib/ld-kdt.so.1")));
}

TEST(GuestFiles, MissingLibraryNamesWhoNeedsIt) {
  PackageFiles packages = sample();
  packages.content.erase("lib/aarch64-linux-gnu/libkdtb.so.1");
  EXPECT_THAT([&] { guest_files(spec_of({"sbin/program"}), packages); },
              ThrowsMessage<Error>(HasSubstr("no library 'libkdtb.so.1' in the guest's packages; "
                                             "lib/aarch64-linux-gnu/libkdta.so.1 needs it")));
}

TEST(GuestFiles, MissingProgramAndLoaderAreNamed) {
  PackageFiles packages = sample();
  EXPECT_THAT([&] { guest_files(spec_of({"sbin/kexec"}), packages); },
              ThrowsMessage<Error>(HasSubstr("no program 'kexec'")));
  packages.content.erase("lib/ld-kdt.so.1");
  EXPECT_THAT([&] { guest_files(spec_of({"sbin/program"}), packages); },
              ThrowsMessage<Error>(HasSubstr("no loader 'ld-kdt.so.1'")));
}

TEST(PackageFiles, LinksInACircleLeadNowhere) {
  PackageFiles packages;
  packages.links = {{"bin/a", "bin/b"}, {"bin/b", "bin/a"}};
  EXPECT_EQ(packages.find("bin/a"), nullptr);
}

void add(archive* writer, const char* path, const char* link, const char* hard_link, std::string_view content) {
  CHandle<archive_entry, archive_entry_free> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), path);
  archive_entry_set_mode(entry.get(), (link != nullptr ? AE_IFLNK : AE_IFREG) | 0755);
  if (link != nullptr) archive_entry_set_symlink(entry.get(), link);
  if (hard_link != nullptr) archive_entry_set_hardlink(entry.get(), hard_link);
  archive_entry_set_size(entry.get(), static_cast<std::int64_t>(content.size()));
  archive_write_header(writer, entry.get());
  archive_write_data(writer, content.data(), content.size());
}

TEST(ReadPackages, ResolvesLinksAndSkipsTheRest) {
  TempDir place("kdt-packages-test");
  const fs::path tar = place.path() / "p.tar";
  {
    CHandle<archive, archive_write_free> writer(archive_write_new());
    archive_write_set_format_pax_restricted(writer.get());
    archive_write_open_filename(writer.get(), tar.c_str());
    add(writer.get(), "./usr/lib/x/liba.so.1.2", nullptr, nullptr, "library");
    add(writer.get(), "./usr/lib/x/liba.so.1", "liba.so.1.2", nullptr, "");
    add(writer.get(), "./usr/lib/x/libb.so.1", "/usr/lib/x/liba.so.1", nullptr, "");
    add(writer.get(), "./usr/lib/x/libc.so.1", nullptr, "./usr/lib/x/liba.so.1.2", "");
    add(writer.get(), "./usr/lib/x/gconv/UTF.so", nullptr, nullptr, "no");
    add(writer.get(), "./usr/share/doc/a", nullptr, nullptr, "no");
  }
  PackageFiles packages = read_packages(tar);
  for (const char* name : {"liba.so.1.2", "liba.so.1", "libb.so.1", "libc.so.1"}) {
    const auto* content = packages.find(std::string("usr/lib/x/") + name);
    ASSERT_NE(content, nullptr) << name;
    EXPECT_EQ(*content, "library");
  }
  EXPECT_THAT(packages.content, UnorderedElementsAre(Key("usr/lib/x/liba.so.1.2")));
}

TEST(PackageVersions, AreReadFromNamesOfFiles) {
  EXPECT_THAT(package_versions("busybox-static_1%3a1.35.0-4+b1_arm64.deb\nlibc6_2.36-9_arm64.deb\npartial\nlock_1_x\n"),
              UnorderedElementsAre(testing::Pair("busybox-static", "1:1.35.0-4+b1"), testing::Pair("libc6", "2.36-9")));
}

TEST(ReadPackages, CutOffTarIsAnError) {
  TempDir place("kdt-packages-test");
  write_file(place.path() / "p.tar", std::string(700, 'x'));
  EXPECT_THROW(read_packages(place.path() / "p.tar"), Error);
  EXPECT_THROW(read_packages(place.path() / "none.tar"), Error);
}

} // namespace
} // namespace kdt::image
