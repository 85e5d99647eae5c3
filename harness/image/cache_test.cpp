#include "base/error.hpp"
#include "base/file.hpp"
#include "image/cache.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

namespace kdt::image {
namespace {

class CacheTest : public testing::Test {
protected:
  TempDir place{"kdt-cache-test"};
  Cache cache{place.path()};
  EntryKey key{.kind = "kernel", .name = "a", .inputs = {{"compiler", "12"}}};

  Lease make(const std::string& text) {
    return cache.get(key, [&](const fs::path& directory) { write_file(directory / "Image", text); });
  }
  std::vector<std::string> below(const char* directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(place.path() / directory)) names.push_back(entry.path().filename());
    return names;
  }
};

TEST_F(CacheTest, BuildsOnceAndFindsAfterwards) {
  EXPECT_FALSE(cache.find(key));
  EXPECT_EQ(read_file(make("first").path() / "Image"), "first");
  EXPECT_EQ(read_file(make("second").path() / "Image"), "first");
}

TEST_F(CacheTest, AnyInputMakesAnotherEntry) {
  make("first");
  EntryKey other = key;
  other.inputs[0].second = "13";
  EXPECT_FALSE(cache.find(other));
  EXPECT_NE(other.id(), key.id());
  EntryKey shifted{.kind = "kernel", .name = "a", .inputs = {{"compiler1", "2"}}};
  EXPECT_NE(shifted.hash(), key.hash());
}

TEST_F(CacheTest, FailedBuildLeavesNothing) {
  EXPECT_THROW(cache.get(key,
                         [](const fs::path& directory) {
                           write_file(directory / "Image", "half");
                           throw Error(Blame::infra, "compiler died");
                         }),
               Error);
  EXPECT_FALSE(cache.find(key));
  EXPECT_THAT(below("images"), testing::IsEmpty());
}

TEST_F(CacheTest, KilledBuildLeavesNoEntryAndTheNextCleansUp) {
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  pid_t child = ::fork();
  if (child == 0) {
    cache.get(key, [&](const fs::path& directory) {
      write_file(directory / "Image", "half");
      [[maybe_unused]] auto n = ::write(ready[1], "x", 1);
      ::pause();
    });
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(cache.find(key));
  EXPECT_THAT(below("images"), testing::SizeIs(1)); // the temporary directory
  EXPECT_EQ(read_file(make("whole").path() / "Image"), "whole");
  EXPECT_THAT(below("images"), testing::ElementsAre(key.id()));
}

TEST_F(CacheTest, WhatAKilledBuildLeftGoesWithGc) {
  const fs::path left = place.path() / "images" / (".building-" + key.id() + "-Ab3dEf");
  make_directories(left / "linux");
  cache.gc({});
  EXPECT_THAT(below("images"), testing::IsEmpty());
  EXPECT_THAT(below("leftovers"), testing::IsEmpty());
}

TEST_F(CacheTest, WhatAKilledBuildLeftIsOutOfTheWayBeforeItIsRemoved) {
  const std::string left = ".building-" + key.id() + "-Ab3dEf";
  make_directories(place.path() / "images" / left / "linux");
  write_file(place.path() / "images" / left / "linux/main.c", "half");
  fs::create_directory_symlink(place.path() / "locks", place.path() / "images" / left / "link");
  EXPECT_THAT(cache.set_leftovers_aside(), testing::ElementsAre(key.id()));
  EXPECT_THAT(below("images"), testing::IsEmpty());
  std::stop_source stopped;
  stopped.request_stop();
  cache.remove_leftovers(stopped.get_token());
  EXPECT_THAT(below("leftovers"), testing::ElementsAre(left));
  EXPECT_TRUE(fs::exists(place.path() / "leftovers" / left / "linux/main.c"));
  EXPECT_THAT(cache.set_leftovers_aside(), testing::ElementsAre(key.id())); // is told until it is gone
  cache.remove_leftovers();
  EXPECT_THAT(below("leftovers"), testing::IsEmpty());
  EXPECT_TRUE(fs::exists(place.path() / "locks")); // a link is removed, and not what it leads to
  EXPECT_THAT(cache.set_leftovers_aside(), testing::IsEmpty());
}

TEST_F(CacheTest, LeftoversThatAnotherProcessRemovesAreLeftToIt) {
  make_directories(place.path() / "images" / (".building-" + key.id() + "-Ab3dEf"));
  cache.set_leftovers_aside();
  {
    UniqueFd theirs = open_file(place.path() / "locks/leftovers.lock", O_RDWR | O_CREAT);
    ASSERT_EQ(::flock(theirs.get(), LOCK_EX), 0);
    cache.remove_leftovers();
    EXPECT_THAT(below("leftovers"), testing::SizeIs(1));
  }
  cache.remove_leftovers();
  EXPECT_THAT(below("leftovers"), testing::IsEmpty());
}

TEST_F(CacheTest, ABuildInProgressIsNotSweptAway) {
  cache.get(key, [&](const fs::path& directory) {
    write_file(directory / "Image", "half");
    EXPECT_THAT(Cache(place.path()).set_leftovers_aside(), testing::IsEmpty());
    EXPECT_TRUE(fs::exists(directory / "Image"));
  });
}

TEST_F(CacheTest, SecondProcessWaitsAndUsesTheResult) {
  int ready[2];
  int go[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
  pid_t child = ::fork();
  if (child == 0) {
    cache.get(key, [&](const fs::path& directory) {
      char byte = 'x';
      [[maybe_unused]] auto n = ::write(ready[1], &byte, 1);
      n = ::read(go[0], &byte, 1);
      write_file(directory / "Image", "theirs");
    });
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  std::string whom;
  auto waiting = [&](const std::string& text) {
    whom = text;
    [[maybe_unused]] auto n = ::write(go[1], "x", 1);
  };
  auto never = [](const fs::path&) { FAIL() << "built twice"; };
  EXPECT_EQ(read_file(cache.get(key, never, {}, waiting).path() / "Image"), "theirs");
  EXPECT_EQ(whom, fmt::format("process {} builds kernel a", child));
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(CacheTest, WaitingEndsWhenStopIsRequested) {
  auto nothing = [](const fs::path&) {};
  cache.get(key, [&](const fs::path& directory) {
    std::stop_source second;
    auto give_up = [&](const std::string&) { second.request_stop(); };
    EXPECT_THROW(cache.get(key, nothing, second.get_token(), give_up), Interrupted);
    write_file(directory / "Image", "x");
  });
  EXPECT_TRUE(cache.find(key));
}

TEST_F(CacheTest, RenewTakesTheOldOnesPlaceUnlessItFailsOrSomebodyReadsIt) {
  make("first");
  auto second = [](const fs::path& directory) { write_file(directory / "Image", "second"); };
  EXPECT_THROW(cache.renew(key, [](const fs::path&) { throw Error(Blame::infra, "no network"); }), Error);
  {
    Lease reader = make("never");
    EXPECT_EQ(read_file(reader.path() / "Image"), "first");
    EXPECT_THROW(cache.renew(key, second), Error);
  }
  EXPECT_EQ(read_file(cache.renew(key, second).path() / "Image"), "second");
  EXPECT_EQ(read_file(make("third").path() / "Image"), "second");
}

TEST_F(CacheTest, GcSparesWhatIsInUse) {
  auto lease = std::make_unique<Lease>(make("first"));
  GcPolicy all{.unused_for = std::chrono::days(0), .keep_newest = 0};
  EXPECT_THAT(cache.gc(all), testing::IsEmpty());
  EXPECT_TRUE(cache.find(key));
  lease.reset();
  EXPECT_THAT(cache.gc(all), testing::SizeIs(1));
  EXPECT_FALSE(cache.find(key));
  EXPECT_THAT(below("images"), testing::IsEmpty());
}

TEST_F(CacheTest, GcKeepsTheNewestAndTheRecentlyUsed) {
  make("first");
  EXPECT_THAT(cache.gc({.unused_for = std::chrono::days(1), .keep_newest = 0}), testing::IsEmpty());
  EXPECT_THAT(cache.gc({.unused_for = std::chrono::days(0), .keep_newest = 1}), testing::IsEmpty());
  EXPECT_THAT(cache.gc({.unused_for = std::chrono::days(0), .keep_newest = 0}), testing::SizeIs(1));
}

TEST_F(CacheTest, EntryWithoutManifestIsNoEntry) {
  fs::create_directory(place.path() / "images" / key.id());
  EXPECT_FALSE(cache.find(key));
  EXPECT_THAT(cache.list(), testing::IsEmpty());
  EXPECT_EQ(read_file(make("whole").path() / "Image"), "whole");
}

TEST_F(CacheTest, ListTellsSizeAndTime) {
  make("12345");
  auto entries = cache.list();
  ASSERT_THAT(entries, testing::SizeIs(1));
  EXPECT_EQ(entries[0].kind, "kernel");
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[0].size, ByteSize{5});
}

TEST(CacheScratch, GoesWithItsOwnerAndIsNobodyElses) {
  TempDir place("kdt-cache-test");
  Cache cache(place.path());
  fs::path first;
  {
    auto one = cache.scratch(), two = cache.scratch();
    first = one.path();
    EXPECT_NE(first, two.path());
    EXPECT_THAT(Cache(place.path()).set_leftovers_aside(), testing::IsEmpty()); // leaves alone what is in use
    EXPECT_TRUE(fs::exists(first) && fs::exists(two.path()));
  }
  EXPECT_FALSE(fs::exists(first));
  make_directories(first); // as a killed process leaves it
  EXPECT_THAT(Cache(place.path()).set_leftovers_aside(), testing::ElementsAre("scratch-0"));
  EXPECT_FALSE(fs::exists(first));
}

} // namespace
} // namespace kdt::image
