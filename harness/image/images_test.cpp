#include "image/images_fixture.hpp"

#include <future>
#include <thread>

namespace kdt::image {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST_F(ImagesTest, BuildsEverythingOnce) {
  {
    Images images(cache, place.path());
    KernelImage image = images.kernel("small");
    EXPECT_EQ(read_file(image.image), "image\n");
    EXPECT_EQ(image.release, "6.1.999-small");
    EXPECT_EQ(image.build_id, "0123456789abcdef0123456789abcdef01234567");
    EXPECT_EQ(image.facts.at("zone_dma"), Value(true));
    EXPECT_TRUE(fs::exists(image.initramfs));
    EXPECT_FALSE(fs::exists(image.image.parent_path() / "module-build/kernel/fork.o"));
    EXPECT_EQ(images.kernel("small").fingerprint, image.fingerprint);
    EXPECT_THAT(entry_kinds(images), ElementsAre("agent", "guest", "kernel", "source", "userspace"));
  }
  Images again(cache, place.path());
  again.kernel("small");
  EXPECT_EQ(log(), "agent\nkernel\nprobe\n");
}

TEST_F(ImagesTest, WhatKilledBuildsLeftIsRemovedBesideTheWorkAfterSayingSo) {
  const fs::path left = cache / "images/.building-kernel-small-0123456789abcdef-Ab3dEf";
  make_directories(left / "linux");
  std::vector<std::string> told;
  {
    Images images(cache, place.path(), [&](const Progress& progress) { told.push_back(progress.what); });
    EXPECT_TRUE(fs::exists(left)); // whoever builds nothing does not clean up either
    images.kernel("small");
    images.kernel("small");
    EXPECT_FALSE(fs::exists(left));
    for (auto late = Deadline::after(std::chrono::seconds(30)); !fs::is_empty(cache / "leftovers");) {
      ASSERT_FALSE(late.passed()) << "nobody removes it";
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(
      std::ranges::count(told, "removing what interrupted builds left, beside the work: kernel-small-0123456789abcdef"),
      1);
  EXPECT_EQ(told.front().find("removing"), 0U);
}

TEST_F(ImagesTest, ChangedAgentRebuildsNoKernel) {
  Images images(cache, place.path());
  std::string before = images.kernel("small").fingerprint;
  write_file(place.path() / "guests/agent/agent.cpp", "int main() { return 1; }\n");
  Images changed(cache, place.path());
  EXPECT_NE(changed.kernel("small").fingerprint, before);
  EXPECT_EQ(log(), "agent\nkernel\nprobe\nagent\nprobe\n");
}

TEST_F(ImagesTest, ChangedFragmentRebuildsItsKernelOnly) {
  write_file(place.path() / "images/kconfig/more.config", "CONFIG_MORE=y # reason\n");
  auto catalogue = read_file(place.path() / "images/kernels.yaml");
  catalogue.replace(catalogue.rfind("[base]"), 6, "[base, more]"); // of the kernel that is called other
  write_file(place.path() / "images/kernels.yaml", catalogue);
  {
    Images images(cache, place.path());
    images.kernel("small");
    images.kernel("other");
  }
  EXPECT_EQ(log(), "agent\nkernel\nprobe\nkernel\nprobe\n");
  write_file(place.path() / "images/kconfig/more.config", "CONFIG_MORE=n # reason\n");
  Images images(cache, place.path());
  images.kernel("small");
  EXPECT_EQ(log(), "agent\nkernel\nprobe\nkernel\nprobe\n");
  images.kernel("other");
  EXPECT_EQ(log(), "agent\nkernel\nprobe\nkernel\nprobe\nkernel\nprobe\n");
}

TEST_F(ImagesTest, PackagesInUseAreNotRefreshed) {
  Images images(cache, place.path());
  EXPECT_EQ(images.kernel("small").facts.at("kexec_tools"), Value(std::string("2.0.25")));
  EXPECT_THAT([&] { Images(cache, place.path()).refresh_userspace(); },
              ThrowsMessage<Error>(HasSubstr("another kdt is using userspace x")));
}

TEST_F(ImagesTest, RefreshedPackagesRebuildTheInitramfsAlone) {
  std::string before = Images(cache, place.path()).kernel("small").fingerprint;
  Images(cache, place.path()).refresh_userspace();
  EXPECT_EQ(Images(cache, place.path()).kernel("small").fingerprint, before); // the same versions
  pack("a_1%3a2.0-2_arm64.deb\n");
  Images(cache, place.path()).refresh_userspace();
  EXPECT_NE(Images(cache, place.path()).kernel("small").fingerprint, before);
  EXPECT_EQ(log(), "agent\nkernel\nprobe\nprobe\n");
}

TEST_F(ImagesTest, RefusedRefreshKeepsTheOldPackages) {
  std::string before = Images(cache, place.path()).kernel("small").fingerprint;
  pack("other_1_arm64.deb\n");
  EXPECT_THAT([&] { Images(cache, place.path()).refresh_userspace(); },
              ThrowsMessage<Error>(HasSubstr("the version of package 'a' is not known")));
  EXPECT_EQ(Images(cache, place.path()).kernel("small").fingerprint, before);
}

TEST_F(ImagesTest, ThreadsAskingForOneKernelBuildItOnce) {
  Images images(cache, place.path());
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { images.kernel("small"); });
  }
  EXPECT_EQ(log(), "agent\nkernel\nprobe\n");
}

TEST_F(ImagesTest, CachedKernelIsHandedOutWhileAnotherBuilds) {
  Images(cache, place.path()).kernel("small");
  write_file(fake("hang"), "");
  std::stop_source stop;
  std::promise<void> compiling;
  Images images(cache, place.path(), [&](const Progress& progress) {
    if (progress.what == "kernel other: compiling" && progress.fraction > 0.0) compiling.set_value();
  });
  std::jthread builder([&] { EXPECT_THROW(images.kernel("other", stop.get_token()), Interrupted); });
  compiling.get_future().wait();
  EXPECT_EQ(images.kernel("small").name, "small");
  stop.request_stop();
}

TEST_F(ImagesTest, InterruptedBuildLeavesNoHalfEntry) {
  write_file(fake("hang"), "");
  std::stop_source stop;
  Images images(cache, place.path(), [&](const Progress& progress) {
    if (progress.what == "kernel small: compiling" && progress.fraction > 0.0) stop.request_stop();
  });
  EXPECT_THROW(images.kernel("small", stop.get_token()), Interrupted);
  EXPECT_THAT(entry_kinds(images), ElementsAre("agent", "source", "userspace"));
  fs::remove(fake("hang"));
  EXPECT_EQ(images.kernel("small").release, "6.1.999-small");
}

TEST_F(ImagesTest, CompilerErrorIsOneSentenceWithTheLog) {
  write_file(fake("fail"), "init/main.c:1: error: it is broken");
  Images images(cache, place.path());
  EXPECT_THAT(
      [&] { images.kernel("small"); },
      ThrowsMessage<Error>(AllOf(HasSubstr("kernel small: compiling failed"),
                                 HasSubstr("init/main.c:1: error: it is broken"), HasSubstr("/logs/kernel-small-"))));
}

TEST_F(ImagesTest, DroppedOptionIsRefusedByName) {
  write_file(fake("drop"), "CONFIG_SMP");
  Images images(cache, place.path());
  EXPECT_THAT([&] { images.kernel("small"); },
              ThrowsMessage<Error>(HasSubstr("Kconfig did not grant CONFIG_SMP=y of base.config became n")));
  EXPECT_EQ(log(), "agent\n");
}

TEST_F(ImagesTest, MissingToolNamesItsPackage) {
  fs::remove(place.path() / "bin/bison");
  ::setenv("PATH", (place.path() / "bin").c_str(), 1);
  Images images(cache, place.path());
  EXPECT_THAT([&] { images.kernel("small"); },
              ThrowsMessage<Error>(HasSubstr("kernel small needs bison: run 'apt-get install bison'")));
}

TEST_F(ImagesTest, FactsAreKnownBeforeAnythingIsBuilt) {
  Images images(cache, place.path());
  Facts facts = images.facts("small");
  EXPECT_EQ(facts.at("release"), Value(std::string("6.1.999-small")));
  EXPECT_EQ(facts.at("zone_dma"), Value(true));
  EXPECT_EQ(log(), "");
  EXPECT_FALSE(images.kernels()[0].built);
  images.kernel("small");
  EXPECT_TRUE(images.kernels()[0].built);
  EXPECT_FALSE(images.kernels()[1].built);
  EXPECT_THROW(images.facts("smal"), Error);
}

TEST_F(ImagesTest, GcSparesWhatThisProcessUses) {
  Images images(cache, place.path());
  images.kernel("small");
  images.gc({.unused_for = std::chrono::days(0), .keep_newest = 0});
  EXPECT_THAT(entry_kinds(images), ElementsAre("guest", "kernel", "userspace"));
  EXPECT_TRUE(fs::exists(images.kernel("small").initramfs));
}

} // namespace
} // namespace kdt::image
