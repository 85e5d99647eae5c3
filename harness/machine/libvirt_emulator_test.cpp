#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "machine/libvirt_emulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace kdt::machine {

using ::testing::HasSubstr;

namespace {

/// What stands for QEMU prints its arguments, one a line.
class SingleThread : public ::testing::Test {
protected:
  SingleThread() { write_program("printf '%s\\n' \"$@\""); }

  void write_program(const std::string& text) {
    write_file(qemu_, "#!/bin/sh\n" + text + "\n");
    fs::permissions(qemu_, fs::perms(0755));
  }
  std::string said(std::vector<std::string> words) {
    words.insert(words.begin(), single_thread_emulator(qemu_, cache_).string());
    return run_program({.argv = words}, Deadline::after(std::chrono::seconds(30))).out;
  }
  static ino_t inode_of(const fs::path& file) {
    struct stat now {};
    ::stat(file.c_str(), &now);
    return now.st_ino;
  }

  TempDir place_{"kdt-test"};
  fs::path qemu_ = place_.path() / "a qemu's name";
  fs::path cache_ = place_.path() / "cache";
};

} // namespace

TEST_F(SingleThread, IsSaidWhereLibvirtSaysTcg) {
  EXPECT_EQ(said({"-name", "a b", "-accel", "tcg", "-append", "x=\"*\" $HOME"}),
            "-name\na b\n-accel\ntcg,thread=single\n-append\nx=\"*\" $HOME\n");
}

TEST_F(SingleThread, NothingElseIsChanged) {
  EXPECT_EQ(said({"-accel", "kvm", "-cpu", "tcg", ""}), "-accel\nkvm\n-cpu\ntcg\n\n");
}

TEST_F(SingleThread, TheScriptStaysAsLongAsItsQemuIsTheSame) {
  auto file = single_thread_emulator(qemu_, cache_);
  auto first = inode_of(file);
  EXPECT_EQ(inode_of(single_thread_emulator(qemu_, cache_)), first);
  auto before = read_file(file);
  write_program("echo a newer one");
  EXPECT_EQ(single_thread_emulator(qemu_, cache_), file);
  EXPECT_NE(read_file(file), before);
  EXPECT_EQ(said({"-accel", "tcg"}), "a newer one\n");
}

TEST_F(SingleThread, EachQemuHasAScriptOfItsOwn) {
  auto first = single_thread_emulator(qemu_, cache_);
  auto before = read_file(first);
  make_directories(place_.path() / "other");
  auto other = place_.path() / "other" / qemu_.filename();
  fs::copy_file(qemu_, other);
  EXPECT_NE(single_thread_emulator(other, cache_), first);
  EXPECT_EQ(read_file(first), before);
}

TEST_F(SingleThread, WhereItCannotBeWrittenIsSaid) {
  write_file(cache_, "no directory");
  try {
    single_thread_emulator(qemu_, cache_);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(cache_.string()));
  }
}

} // namespace kdt::machine
