#include "base/file.hpp"
#include "image/debian.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

namespace kdt::image {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> argv_of(const Suite& suite) {
  return mmdebstrap({.suite = suite, .architecture = "arm64", .packages = {"a", "b"}, .hook = "true"}, "/t/out.tar", "")
      .argv;
}

TEST(Mmdebstrap, UnpacksOnlyForTheArchitecture) {
  auto argv = argv_of({.name = "bookworm"});
  EXPECT_THAT(argv, Contains("--variant=extract"));
  EXPECT_THAT(argv, Contains("--architectures=arm64"));
  EXPECT_THAT(argv, Contains("--include=a,b"));
  EXPECT_EQ(argv[argv.size() - 2], "bookworm");
  EXPECT_EQ(argv.back(), "/t/out.tar");
  EXPECT_THAT(argv, Not(Contains(HasSubstr("setup-hook"))));
  EXPECT_THAT(argv, Not(Contains(HasSubstr("Check-Valid-Until"))));
}

TEST(Mmdebstrap, OddSuitesAreAskedForOddly) {
  EXPECT_THAT(argv_of({.name = "bullseye", .main_only = true}), Contains(HasSubstr("/-security/d")));
  EXPECT_THAT(argv_of({.name = "sid", .stale = true}), Contains(HasSubstr("Check-Valid-Until \"false\"")));
}

class FetchTest : public testing::Test {
protected:
  FetchTest() {
    // Fails unless it is given no apt sources, and notes what it was given.
    write_file(place.path() / "mmdebstrap", "#!/bin/sh\nfor last; do :; done\necho \"$last\" >>" + tried().string() +
                                                "\ncase $last in *.tar) ;; *) exit 1 ;; esac\n");
    fs::permissions(place.path() / "mmdebstrap", fs::perms(0755));
    ::setenv("PATH", (place.path().string() + ":" + old_path).c_str(), 1);
    write_file(place.path() / "sources", "deb somewhere old main\n");
  }
  ~FetchTest() override { ::setenv("PATH", old_path.c_str(), 1); }

  fs::path tried() const { return place.path() / "tried"; }
  void fetch(const Suite& suite) {
    BuildSteps steps("test", place.path() / "log", observer, {});
    fetch_packages({.suite = suite, .apt_sources = {"/no/such", place.path() / "sources"}, .architecture = "arm64"},
                   place.path() / "out.tar", steps);
  }

  std::string old_path = std::getenv("PATH");
  Observer observer;
  TempDir place{"kdt-debian-test"};
};

TEST_F(FetchTest, DefaultMirrorComesAfterTheHostsOwn) {
  fetch({.name = "old"});
  EXPECT_EQ(read_file(tried()),
            (place.path() / "sources").string() + "\n" + (place.path() / "out.tar").string() + "\n");
}

TEST_F(FetchTest, SourcesOfAnotherSuiteAreNotTried) {
  fetch({.name = "new"});
  EXPECT_EQ(read_file(tried()), (place.path() / "out.tar").string() + "\n");
}

} // namespace
} // namespace kdt::image
