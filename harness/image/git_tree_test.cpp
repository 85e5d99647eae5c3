#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "image/git_tree.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

namespace kdt::image {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A repository that looks like a kernel's, with the tags v1 and v2.
class GitTreeTest : public testing::Test {
protected:
  GitTreeTest() {
    make_directories(tree / "arch/arm64");
    make_directories(own);
    write_file(tree / "Makefile", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION = -rc1\n");
    for (const char* file : {"Kconfig", "arch/arm64/Kconfig", "main.c"}) write_file(tree / file, "one\n");
    write_file(tree / ".gitignore", "*.o\n");
  }

  std::string git(std::vector<std::string> arguments) {
    Command command{.argv = {"git", "-C", tree.string(), "-c", "user.name=k", "-c", "user.email=k@localhost"},
                    .environment = {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_SYSTEM", "/dev/null"}}};
    std::ranges::move(arguments, std::back_inserter(command.argv));
    auto finished = run_program(command, Deadline::after(std::chrono::minutes(5)));
    EXPECT_TRUE(finished.status.success()) << finished.err;
    return std::string(trim(finished.out));
  }
  void commit_both() {
    git({"init", "--quiet"});
    git({"add", "--all"});
    git({"commit", "--quiet", "-m", "one"});
    git({"tag", "v1"});
    write_file(tree / "main.c", "two\n");
    git({"commit", "--quiet", "--all", "-m", "two"});
    git({"tag", "v2"});
  }
  /// Everything below the tree, its repository included.
  std::string everything() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(tree))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    Sha256 hash;
    for (const auto& file : files) {
      hash.add_field(file.string());
      hash.add_field(read_file(file));
    }
    return hash.hex();
  }
  std::string id(const std::string& revision = "", std::vector<Patch> patches = {}) {
    return GitTree({.path = tree, .revision = revision, .patches = std::move(patches)}, own).id();
  }
  std::string sentence(const std::string& revision, std::vector<Patch> patches = {}) {
    try {
      id(revision, std::move(patches));
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      return error.what();
    }
    return "accepted";
  }
  Patch patch(const std::string& from, const std::string& to) {
    write_file(place.path() / "x.patch",
               fmt::format("A patch.\n\n--- a/main.c\n+++ b/main.c\n@@ -1 +1 @@\n-{}\n+{}\n", from, to));
    return {.file = place.path() / "x.patch"};
  }
  std::string unpacked(const GitTree& content, const std::string& file) {
    make_directories(place.path() / "out");
    const Observer silent;
    BuildSteps steps("test", place.path() / "log", silent, {});
    content.unpack(place.path() / "out", steps);
    return fs::exists(place.path() / "out" / file) ? read_file(place.path() / "out" / file) : "none";
  }

  TempDir place{"kdt-git-tree-test"};
  fs::path tree = place.path() / "linux";
  fs::path own = place.path() / "own";
};

TEST_F(GitTreeTest, ARevisionIsItsTree) {
  commit_both();
  EXPECT_EQ(id("v1"), git({"rev-parse", "v1^{tree}"}));
  EXPECT_EQ(id(), git({"rev-parse", "v2^{tree}"})); // nothing has changed since
  GitTree first({.path = tree, .revision = "v1"}, own);
  EXPECT_EQ(first.version(), "6.1.192-rc1");
  EXPECT_EQ(unpacked(first, "main.c"), "one\n");
}

TEST_F(GitTreeTest, ChangedAndNewFilesCountAndIgnoredDoNot) {
  commit_both();
  auto clean = id();
  write_file(tree / "main.o", "built");
  EXPECT_EQ(id(), clean);
  write_file(tree / "new.c", "new\n");
  auto with_new = id();
  EXPECT_NE(with_new, clean);
  write_file(tree / "main.c", "six\n"); // as long as before, and perhaps in the same second
  EXPECT_NE(id(), with_new);
  EXPECT_EQ(unpacked(GitTree({.path = tree}, own), "main.c"), "six\n");
}

// As Debian's linux-source has it, which ships a packager's .gitignore.
TEST_F(GitTreeTest, ARepositoryThatIgnoresAllOfItselfIsTakenWhole) {
  write_file(tree / ".gitignore", "*.o\n/*\n!/debian/\n");
  git({"init", "--quiet"});
  EXPECT_EQ(unpacked(GitTree({.path = tree}, own), "main.c"), "one\n"); // nothing is committed, nor could be
  git({"add", "--all", "--force"});
  git({"commit", "--quiet", "-m", "one"});
  auto clean = id();
  EXPECT_EQ(clean, git({"rev-parse", "HEAD^{tree}"}));
  write_file(tree / "main.o", "built");
  EXPECT_EQ(id(), clean);
  write_file(tree / "new.c", "new\n");
  EXPECT_EQ(unpacked(GitTree({.path = tree}, own), "new.c"), "new\n");
  fs::remove(tree / "main.c");
  auto before = everything();
  EXPECT_NE(id(), clean);
  EXPECT_EQ(everything(), before);
}

TEST_F(GitTreeTest, PatchesChangeTheContentAndNotTheTree) {
  commit_both();
  write_file(tree / "new.c", "not committed\n");
  auto before = everything();
  EXPECT_EQ(id("v1", {patch("one", "two")}), git({"rev-parse", "v2^{tree}"}));
  EXPECT_EQ(unpacked(GitTree({.path = tree, .patches = {patch("two", "three")}}, own), "main.c"), "three\n");
  EXPECT_THAT(sentence("v2", {patch("one", "two")}),
              AllOf(HasSubstr("x.patch does not apply to"), HasSubstr("main.c")));
  EXPECT_EQ(everything(), before);
}

TEST_F(GitTreeTest, APatchIsAppliedAtTheDepthThatQuiltSays) {
  commit_both();
  make_directories(place.path() / "quilt");
  write_file(place.path() / "quilt/a.patch", "--- main.c\n+++ main.c\n@@ -1 +1 @@\n-one\n+two\n");
  write_file(place.path() / "quilt/series", "a.patch -p0\n");
  EXPECT_EQ(id("v1", patches_in(place.path() / "quilt")), git({"rev-parse", "v2^{tree}"}));
  write_file(place.path() / "quilt/series", "a.patch\n");
  EXPECT_THAT(sentence("v1", patches_in(place.path() / "quilt")), HasSubstr("a.patch does not apply"));
}

TEST_F(GitTreeTest, AHookOfAnotherRepositoryChangesNothing) {
  commit_both();
  auto first = id("v1"), as_it_is = id();
  auto other = place.path() / "other";
  make_directories(other);
  write_file(other / "file", "other\n");
  auto finished =
      run_program({.argv = {"git", "-C", other.string(), "init", "--quiet"}}, Deadline::after(std::chrono::minutes(5)));
  ASSERT_TRUE(finished.status.success()) << finished.err;
  const std::pair<const char*, fs::path> hook[] = {{"GIT_DIR", other / ".git"},
                                                   {"GIT_WORK_TREE", other},
                                                   {"GIT_INDEX_FILE", other / ".git/index"},
                                                   {"GIT_OBJECT_DIRECTORY", other / ".git/objects"},
                                                   {"GIT_COMMON_DIR", other / ".git"},
                                                   {"GIT_NAMESPACE", "other"},
                                                   {"GIT_CEILING_DIRECTORIES", place.path()}};
  for (const auto& [name, value] : hook) ::setenv(name, value.c_str(), 1);
  std::string in_hook = "none", in_hook_as_it_is = "none";
  try {
    in_hook = id("v1");
    in_hook_as_it_is = id();
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
  for (const auto& [name, value] : hook) ::unsetenv(name);
  EXPECT_EQ(in_hook, first);
  EXPECT_EQ(in_hook_as_it_is, as_it_is);
}

TEST_F(GitTreeTest, UnknownRevisionNamesTheNearest) {
  commit_both();
  auto before = everything();
  EXPECT_THAT(sentence("v11"), HasSubstr("has no revision 'v11' (did you mean 'v1'?)"));
  EXPECT_THAT(sentence("--all"), HasSubstr("has no revision '--all'"));
  EXPECT_EQ(everything(), before);
}

TEST_F(GitTreeTest, ADirectoryWithoutGitIsReadWithoutWhatABuildLeft) {
  auto clean = id();
  make_directories(tree / "include/config");
  for (const char* file : {"main.o", ".config", "vmlinux", "include/config/auto.conf"})
    write_file(tree / file, "built");
  auto before = everything();
  EXPECT_EQ(id(), clean);
  EXPECT_EQ(everything(), before);
  EXPECT_NE(id("", {patch("one", "two")}), clean);
  EXPECT_THAT(sentence("v1"), HasSubstr("is not the top of a git work tree"));
}

TEST_F(GitTreeTest, WhatIsNoKernelIsRefused) {
  fs::remove(tree / "Kconfig");
  EXPECT_THAT(sentence(""), HasSubstr("is no Linux source tree: it has no Kconfig"));
  commit_both();
  EXPECT_THAT(sentence("v1"), HasSubstr("is no Linux source tree: it has no Kconfig"));
}

TEST_F(GitTreeTest, ADirectoryOfPatchesIsInOrder) {
  make_directories(place.path() / "series");
  EXPECT_THROW(patches_in(place.path() / "series"), Error);
  EXPECT_THROW(patches_in(place.path() / "nowhere"), Error);
  for (const char* name : {"0002-b.patch", "0001-a.patch", "cover.txt"}) write_file(place.path() / "series" / name, "");
  auto names = [&] {
    std::vector<std::string> found;
    for (const auto& patch : patches_in(place.path() / "series"))
      found.push_back(fmt::format("{} {}", patch.file.filename().string(), patch.strip));
    return found;
  };
  EXPECT_THAT(names(), testing::ElementsAre("0001-a.patch 1", "0002-b.patch 1"));
  write_file(place.path() / "series/series", "# quilt\n\n0002-b.patch\t-p0 # old\n0001-a.patch -p1\n");
  EXPECT_THAT(names(), testing::ElementsAre("0002-b.patch 0", "0001-a.patch 1"));
  write_file(place.path() / "series/series", "0002-b.patch -R\n");
  EXPECT_THAT([&] { patches_in(place.path() / "series"); },
              ThrowsMessage<Error>(HasSubstr("series: 0002-b.patch has the option '-R', and only -pN is understood")));
  write_file(place.path() / "series/series", "0003-c.patch\n");
  EXPECT_THROW(patches_in(place.path() / "series"), Error);
}

} // namespace
} // namespace kdt::image
