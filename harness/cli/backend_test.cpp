#include "base/error.hpp"
#include "cli/backend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(Backend, IsQemuUnlessSaidOtherwise) {
  EXPECT_FALSE(BackendOptions{}.libvirt());
  EXPECT_FALSE(BackendOptions{.name = "qemu"}.libvirt());
  EXPECT_TRUE(BackendOptions{.name = "libvirt"}.libvirt());
  EXPECT_TRUE(BackendOptions{.connect = "qemu:///session"}.libvirt());
}

TEST(Backend, AConnectionOfQemusIsAUsageError) {
  BackendOptions options{.name = "qemu", .connect = "qemu:///session"};
  EXPECT_THROW(options.libvirt(), Error);
}

TEST(Backend, HostsAreLibvirtsAndNameTheirOwnConnections) {
  EXPECT_TRUE(BackendOptions{.hosts = "hosts.yaml"}.libvirt());
  BackendOptions both{.connect = "qemu:///system", .hosts = "hosts.yaml"};
  EXPECT_THROW(both.libvirt(), Error);
}

TEST(Backend, IsSaidAgainInTheWordsThatChooseIt) {
  EXPECT_THAT(BackendOptions{}.words(), IsEmpty());
  EXPECT_THAT(BackendOptions{.name = "qemu"}.words(), IsEmpty());
  EXPECT_THAT(BackendOptions{.name = "libvirt"}.words(), ElementsAre("--backend", "libvirt"));
  EXPECT_THAT((BackendOptions{.name = "libvirt", .connect = "qemu:///session"}.words()),
              ElementsAre("--connect", "qemu:///session"));
  EXPECT_THAT(BackendOptions{.hosts = "my hosts.yaml"}.words(), ElementsAre("--hosts", "my hosts.yaml"));
}

TEST(Backend, LibvirtNeedsNoDaemonByDefault) {
  EXPECT_TRUE(BackendOptions{.name = "libvirt"}.uri().embedded);
}

TEST(Backend, ACellRunsAgainAsBeforeUnlessSaidOtherwise) {
  EXPECT_TRUE(BackendOptions{}.or_as_before("libvirt").libvirt());
  EXPECT_FALSE(BackendOptions{}.or_as_before("qemu").libvirt());
  EXPECT_FALSE(BackendOptions{.name = "qemu"}.or_as_before("libvirt").libvirt());
  EXPECT_EQ(BackendOptions{.connect = "qemu:///system"}.or_as_before("qemu").uri().text, "qemu:///system");
}

TEST(Backend, DomainNamesCarryTheRunAndDifferByProcess) {
  EXPECT_EQ(domain_name("20261127-smoke", "kdt-kernel=a_rodata=on", 12), "kdt-20261127-smoke-12-kernel=a_rodata=on");
  EXPECT_NE(domain_name("run", "kdt-a", 12), domain_name("run", "kdt-a", 13));
  EXPECT_EQ(domain_name("my run/é", "kdt-a", 1), "kdt-my_run___-1-a");
  EXPECT_THAT(domain_name("run", std::string(500, 'x'), 1), SizeIs(150));
}

} // namespace kdt::cli
