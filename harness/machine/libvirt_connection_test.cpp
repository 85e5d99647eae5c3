// Against libvirt's own test driver, which has no daemon and starts nothing.

#include "base/error.hpp"
#include "base/file.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace kdt::machine {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace {

constexpr const char* k_uuid = "d2b2cd4e-5e2f-4f2a-8d1e-0c5c5f3a9b11";

DomainHandle create(const LibvirtConnection& connection) {
  auto xml = fmt::format("<domain type='test'><name>kdt</name><uuid>{}</uuid><memory>1024</memory>"
                         "<os><type>hvm</type></os></domain>",
                         k_uuid);
  return DomainHandle(::virDomainCreateXML(connection.get(), xml.c_str(), 0));
}

} // namespace

TEST(LibvirtConnection, KnowsItsHost) {
  LibvirtConnection connection(libvirt_uri("test:///default"), {});
  EXPECT_TRUE(connection.alive());
  EXPECT_THAT(connection.version(), Not(IsEmpty()));
  EXPECT_EQ(connection.root(), nullptr);
}

TEST(LibvirtConnection, SecurityModelsComeFromTheCapabilities) {
  EXPECT_THAT(security_models_of("<capabilities><host><secmodel><model>apparmor</model><doi>0</doi></secmodel>"
                                 "<secmodel><model>dac</model></secmodel></host></capabilities>"),
              ElementsAre("apparmor", "dac"));
  EXPECT_THAT(security_models_of("<capabilities><host/></capabilities>"), IsEmpty());
  EXPECT_THAT(security_models_of("no XML"), IsEmpty());
}

TEST(LibvirtConnection, TellsOfTheEndOfADomainWhoListens) {
  LibvirtConnection connection(libvirt_uri("test:///default"), {});
  std::promise<DomainEnd> ended;
  connection.listen(k_uuid, {.on_change = [](StateChange) {}, .on_end = [&](DomainEnd end) { ended.set_value(end); }});
  auto domain = create(connection);
  ASSERT_TRUE(domain) << libvirt_message();
  ASSERT_EQ(::virDomainDestroy(domain.get()), 0);
  auto future = ended.get_future();
  ASSERT_EQ(future.wait_for(30s), std::future_status::ready);
  auto end = future.get();
  EXPECT_FALSE(end.known);
  EXPECT_THAT(end.words, HasSubstr("somebody else"));
}

TEST(LibvirtConnection, WhoHasForgottenADomainHearsNothing) {
  LibvirtConnection connection(libvirt_uri("test:///default"), {});
  constexpr const char* other = "11111111-5e2f-4f2a-8d1e-0c5c5f3a9b11";
  bool called = false;
  std::promise<void> last;
  std::once_flag once; // the end of the first may still be on its way
  connection.listen(other, {.on_change = [](StateChange) {}, .on_end = [&](DomainEnd) { called = true; }});
  connection.listen(k_uuid, {.on_change = [](StateChange) {}, .on_end = [&](DomainEnd) { called = true; }});
  connection.forget(k_uuid);
  auto domain = create(connection);
  ASSERT_TRUE(domain) << libvirt_message();
  ::virDomainDestroy(domain.get());
  connection.listen(k_uuid, {.on_change = [](StateChange) {},
                             .on_end = [&](DomainEnd) { std::call_once(once, [&] { last.set_value(); }); }});
  auto again = create(connection);
  ASSERT_TRUE(again) << libvirt_message();
  ::virDomainDestroy(again.get()); // events come in order
  last.get_future().wait_for(30s);
  EXPECT_FALSE(called);
}

TEST(LibvirtConnection, ADaemonThatAnswersNothingIsGivenUp) {
  TempDir place("kdt-test");
  Listener daemon(place.path() / "socket"); // it accepts nobody
  auto uri = libvirt_uri("qemu+unix:///system?socket=" + daemon.path().string());
  try {
    LibvirtConnection connection(uri, {}, {}, 1s);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::infra);
    EXPECT_THAT(error.what(), HasSubstr("has not answered for 1 s"));
  }
}

TEST(LibvirtConnection, CtrlCDoesNotWaitForADaemon) {
  TempDir place("kdt-test");
  Listener daemon(place.path() / "socket");
  auto uri = libvirt_uri("qemu+unix:///system?socket=" + daemon.path().string());
  std::stop_source stop;
  std::jthread presses([&] { stop.request_stop(); });
  EXPECT_THROW(LibvirtConnection(uri, {}, stop.get_token(), 1h), Interrupted);
}

TEST(LibvirtConnection, WhatCannotBeOpenedIsSaidInOneSentence) {
  try {
    LibvirtConnection connection(libvirt_uri("qemu+unix:///system?socket=/nonexistent/libvirt-sock"), {});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::infra);
    EXPECT_THAT(error.what(), HasSubstr("qemu+unix:///system?socket=/nonexistent/libvirt-sock"));
    EXPECT_THAT(error.what(), HasSubstr("start libvirtd"));
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
  }
}

} // namespace kdt::machine
