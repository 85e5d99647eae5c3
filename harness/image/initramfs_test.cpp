#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "image/initramfs.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <sys/sysmacros.h>

namespace kdt::image {
namespace {

using testing::ElementsAre;

/// One line an entry: path, mode in octal, and link target, device number or content.
std::vector<std::string> read_back(const fs::path& file) {
  CHandle<archive, archive_read_free> reader(archive_read_new());
  archive_read_support_format_cpio(reader.get());
  EXPECT_EQ(archive_read_open_filename(reader.get(), file.c_str(), 10240), ARCHIVE_OK);
  std::vector<std::string> lines;
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    std::string text(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    archive_read_data(reader.get(), text.data(), text.size());
    if (archive_entry_symlink(entry) != nullptr) text = archive_entry_symlink(entry);
    if (archive_entry_filetype(entry) == AE_IFCHR)
      text = fmt::format("{}:{}", major(archive_entry_rdev(entry)), minor(archive_entry_rdev(entry)));
    lines.push_back(fmt::format("{} {:o} {}", archive_entry_pathname(entry), archive_entry_mode(entry), text));
    EXPECT_EQ(archive_entry_mtime(entry), 0);
    EXPECT_EQ(archive_entry_uid(entry), 0);
  }
  return lines;
}

class InitramfsTest : public testing::Test {
protected:
  TempDir place{"kdt-initramfs-test"};
  fs::path file = place.path() / "i.cpio";
};

TEST_F(InitramfsTest, HoldsWhatWasAddedInSortedOrder) {
  Initramfs tree;
  tree.add_file("init", 0755, "agent");
  tree.add_character_device("dev/console", 0600, 5, 1);
  tree.add_symlink("agent", "init");
  tree.add_directory("proc");
  tree.write(file);
  EXPECT_THAT(read_back(file), ElementsAre("agent 120777 init", "dev 40755 ", "dev/console 20600 5:1",
                                           "init 100755 agent", "proc 40755 "));
}

TEST_F(InitramfsTest, EqualTreesGiveEqualBytes) {
  Initramfs one;
  one.add_file("a/b", 0644, "x");
  one.add_file("c", 0644, std::string(100000, 'c'));
  Initramfs two;
  two.add_file("c", 0644, std::string(100000, 'c'));
  two.add_file("a/b", 0644, "x");
  one.write(file);
  two.write(place.path() / "j.cpio");
  EXPECT_EQ(read_file(file), read_file(place.path() / "j.cpio"));
}

TEST_F(InitramfsTest, TakesATreeFromDisk) {
  make_directories(place.path() / "t/sbin");
  write_file(place.path() / "t/sbin/kexec", "program");
  fs::permissions(place.path() / "t/sbin/kexec", fs::perms(0755));
  fs::create_symlink("sbin", place.path() / "t/bin");
  Initramfs tree;
  tree.add_tree(place.path() / "t");
  tree.write(file);
  EXPECT_THAT(read_back(file), ElementsAre("bin 120777 sbin", "sbin 40755 ", "sbin/kexec 100755 program"));
}

TEST_F(InitramfsTest, FirstWordsAreWhatTheKernelLooksFor) {
  Initramfs tree;
  tree.add_file("init", 0755, "x");
  tree.write(file);
  EXPECT_TRUE(read_file(file).starts_with("070701"));
}

TEST_F(InitramfsTest, UnwritablePlaceIsAnError) {
  EXPECT_THROW(Initramfs().write(place.path() / "none/i.cpio"), Error);
}

} // namespace
} // namespace kdt::image
