#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "run/dump_target.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <unistd.h>

namespace kdt::run {

namespace {

constexpr std::chrono::minutes k_patience{5};

Deadline soon() {
  return Deadline::after(k_patience);
}

class Ext4 : public testing::Test {
protected:
  /// What a guest does, by debugfs: it writes a file.
  void write_dump(const std::string& name, const std::string& content) {
    write_file(directory_.path() / "content", content);
    auto request = fmt::format("write \"{}\" {}", (directory_.path() / "content").string(), name);
    auto finished = run_program(
        {.argv = {find_system_program("debugfs").value(), "-w", "-R", request, target_.drives()[0].file.string()}},
        soon());
    ASSERT_TRUE(finished.status.success()) << finished.err;
  }

  std::vector<std::string> codes() {
    std::vector<std::string> codes;
    for (const auto& finding : target_.collect(soon())) codes.push_back(finding.code);
    return codes;
  }

  TempDir directory_{"kdt-target"};
  DumpTarget target_{{.format = "kdump", .target = "ext4"}, ByteSize::mib(64), directory_.path(), {}};
};

} // namespace

TEST_F(Ext4, TakesTheDumpOutWithoutMounting) {
  std::string dump(300'000, '\0');
  for (std::size_t i = 0; i < dump.size(); ++i) dump[i] = static_cast<char>(i * 7 / 3);
  write_dump("vmcore", dump);
  EXPECT_THAT(codes(), testing::IsEmpty());
  EXPECT_EQ(read_file(target_.dump()), dump);
  EXPECT_EQ(target_.clean(), true);
}

TEST_F(Ext4, SaysThatThereIsNoDump) {
  write_dump("vmcore-incomplete", "x");
  EXPECT_THAT(codes(), testing::ElementsAre("vmcore-unreadable"));
}

TEST_F(Ext4, FindsAFaultOfTheFileSystem) {
  write_dump("vmcore", "not empty");
  auto disk = open_file(target_.drives()[0].file, O_RDWR);
  char word = 0x7f; // s_free_blocks_count_lo of the superblock at 1024
  ASSERT_EQ(::pwrite(disk.get(), &word, 1, 1024 + 12), 1);
  EXPECT_THAT(codes(), testing::Contains("target-damaged"));
  EXPECT_EQ(target_.clean(), false);
}

TEST_F(Ext4, LeavesNoFileBehind) {
  write_dump("vmcore", "dump");
  fs::remove(directory_.path() / "content");
  codes();
  EXPECT_TRUE(fs::is_empty(directory_.path()));
  target_.keep_dump(directory_.path() / "vmcore", {3});
  EXPECT_EQ(read_file(directory_.path() / "vmcore"), "dum");
}

TEST(RawTarget, OneDriveForEachPart) {
  TempDir directory("kdt-target");
  DumpTarget target({.format = "kdump", .split = 3}, ByteSize::mib(1), directory.path(), {});
  std::vector<std::string> serials;
  for (const auto& drive : target.drives()) serials.push_back(drive.serial);
  EXPECT_THAT(serials, testing::ElementsAre("kdt-dump", "kdt-dump-2", "kdt-dump-3"));
}

TEST(RawTarget, IsTheDumpItself) {
  TempDir directory("kdt-target");
  DumpTarget target({}, ByteSize::mib(1), directory.path(), {});
  EXPECT_THAT(target.collect(soon()), testing::IsEmpty());
  EXPECT_EQ(target.dump(), target.drives()[0].file);
  EXPECT_EQ(target.clean(), std::nullopt);
}

TEST(RawTarget, PartsThatAreNoneAreAFinding) {
  if (!find_system_program("makedumpfile")) GTEST_SKIP() << "makedumpfile is not installed";
  TempDir directory("kdt-target");
  DumpTarget target({.format = "kdump", .split = 2}, ByteSize::mib(1), directory.path(), {});
  auto findings = target.collect(soon());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].code, "vmcore-unreadable");
}

} // namespace kdt::run
