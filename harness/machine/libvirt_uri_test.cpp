#include "base/error.hpp"
#include "machine/libvirt_uri.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::machine {

using ::testing::HasSubstr;

TEST(LibvirtUri, TellsWhereTheGuestsRun) {
  EXPECT_TRUE(libvirt_uri("qemu:///embed").embedded);
  EXPECT_TRUE(libvirt_uri("qemu:///embed").here);
  EXPECT_EQ(libvirt_uri("qemu:///embed?root=/a/b").root, "/a/b");
  EXPECT_FALSE(libvirt_uri("qemu:///session").embedded);
  EXPECT_TRUE(libvirt_uri("qemu:///system").here);
  EXPECT_TRUE(libvirt_uri("qemu+unix:///system?socket=/a/sock").here);
  EXPECT_FALSE(libvirt_uri("qemu+ssh://root@lab:2222/system").here);
  EXPECT_FALSE(libvirt_uri("qemu+ssh://localhost/session").here) << "only the host itself knows that it is this one";
  EXPECT_TRUE(libvirt_uri("test:///default").here);
}

TEST(LibvirtUri, SshAsksNobody) {
  EXPECT_EQ(libvirt_uri("qemu+ssh://lab/system").text, "qemu+ssh://lab/system?no_tty=1");
  EXPECT_EQ(libvirt_uri("qemu+ssh://lab/system?keyfile=k").text, "qemu+ssh://lab/system?keyfile=k&no_tty=1");
  EXPECT_EQ(libvirt_uri("qemu+ssh://lab/system?no_tty=0").text, "qemu+ssh://lab/system?no_tty=0");
}

TEST(LibvirtUri, WhatCannotBeIsAUsageErrorThatSaysWhatCan) {
  for (const char* text : {"", "qemu", "xen:///system", "qemu:///", "qemu://host", "qemu:///elsewhere",
                           "qemu+ssh://host/embed", "qemu+unix:///embed", "qemu://host?x=/system"}) {
    try {
      libvirt_uri(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage) << text;
      EXPECT_THAT(error.what(), HasSubstr("qemu:///embed")) << text;
    }
  }
}

TEST(LibvirtUri, OfAPageOfSshsTheCauseIsTold) {
  EXPECT_EQ(connection_failure("Cannot recv data: @@@@\n@  WARNING  @\n@@@@\nHost key for [lab]:22 has changed.\n"
                               "Host key verification failed.: Connection reset by peer"),
            "Host key for [lab]:22 has changed. Host key verification failed.: Connection reset by peer");
  EXPECT_EQ(connection_failure("Failed to connect socket: No such file or directory\n"),
            "Failed to connect socket: No such file or directory");
  EXPECT_EQ(connection_failure(""), "");
}

TEST(LibvirtUri, AConnectionThatFailsHasARemedy) {
  auto remedy = [](const char* uri, std::string_view message) { return connection_remedy(libvirt_uri(uri), message); };
  EXPECT_THAT(remedy("qemu:///system", "Failed to connect socket to '/run/libvirt-sock': No such file or directory"),
              HasSubstr("start libvirtd"));
  EXPECT_THAT(remedy("qemu:///system", "Failed to connect socket to '/run/libvirt-sock': Permission denied"),
              HasSubstr("group libvirt"));
  EXPECT_THAT(remedy("qemu:///embed", "no connection driver available for qemu:///embed"),
              HasSubstr("libvirt-daemon-driver-qemu"));
  EXPECT_THAT(remedy("qemu:///embed", "Failed to parse user 'libvirt-qemu'"), HasSubstr("libvirt-daemon-system"));
  EXPECT_THAT(remedy("qemu+ssh://lab/system", "End of file while reading data: Host key verification failed"),
              HasSubstr("ssh there"));
  EXPECT_EQ(remedy("qemu:///system", "something else"), "");
}

} // namespace kdt::machine
