#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <stop_token>

namespace kdt::cli {

using ::testing::HasSubstr;
using ::testing::SizeIs;

namespace {

std::vector<Host> hosts_of(const std::string& text) {
  TempDir place("kdt-test");
  write_file(place.path() / "hosts.yaml", text);
  return read_hosts(place.path() / "hosts.yaml");
}

std::string complaint(const std::string& text) {
  try {
    hosts_of(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    return error.what();
  }
  return "";
}

std::vector<Host> two() {
  return {{.slots = 2, .memory = ByteSize::gib(4)}, {.slots = 4, .memory = ByteSize::gib(8)}};
}

} // namespace

TEST(Hosts, AreReadFromAFile) {
  auto hosts = hosts_of("hosts:\n- {uri: 'qemu+ssh://lab1/system', slots: 8, memory: 64G, accelerator: kvm}\n"
                        "- {uri: 'qemu:///session', slots: 2, memory: 4G}\n");
  ASSERT_THAT(hosts, SizeIs(2));
  EXPECT_FALSE(hosts[0].uri.here);
  EXPECT_EQ(hosts[0].slots, 8U);
  EXPECT_EQ(hosts[0].memory, ByteSize::gib(64));
  EXPECT_EQ(hosts[0].accelerator, machine::Accelerator::kvm);
  EXPECT_EQ(hosts[1].accelerator, std::nullopt);
}

TEST(Hosts, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_THAT(complaint("hosts: []\n"), HasSubstr("no host"));
  EXPECT_THAT(complaint("hosts:\n- {uri: 'xen:///', slots: 1, memory: 1G}\n"), HasSubstr("hosts.yaml:2:"));
  EXPECT_THAT(complaint("hosts:\n- {uri: 'qemu:///embed', slots: 1, memory: 1G}\n"), HasSubstr("embedded"));
  EXPECT_THAT(complaint("hosts:\n- {uri: 'qemu:///system', slots: 0, memory: 1G}\n"), HasSubstr("slots"));
  EXPECT_THAT(complaint("hosts:\n- {uri: 'qemu:///system', slots: 1, memory: much}\n"), HasSubstr("memory"));
  EXPECT_THAT(complaint("hosts:\n- {uri: 'qemu:///system', slots: 1, memory: 1G, accelerator: hvf}\n"),
              HasSubstr("hvf"));
  EXPECT_THAT(complaint("hosts:\n- {uri: 'qemu:///system', slots: 1, memory: 1G, cores: 3}\n"), HasSubstr("cores"));
  EXPECT_THAT(complaint("hosts:\n- {uri: 'qemu:///system', slots: 1}\n"), HasSubstr("memory"));
  EXPECT_THAT(complaint("hosts:\n- {uri: 'qemu:///system', slots: 1, memory: 1G}\n"
                        "- {uri: 'qemu:///system', slots: 1, memory: 1G}\n"),
              HasSubstr("twice"));
}

TEST(Placement, SpreadsGuestsByWhatIsFree) {
  Placement placement(two());
  EXPECT_EQ(placement.take(1, ByteSize::gib(1)), 0U);
  EXPECT_EQ(placement.take(1, ByteSize::gib(1)), 1U); // the first is half full
  EXPECT_EQ(placement.take(1, ByteSize::gib(1)), 1U);
  placement.give_back(0, 1, ByteSize::gib(1));
  EXPECT_EQ(placement.take(1, ByteSize::gib(1)), 0U);
}

TEST(Placement, AGuestGoesWhereItsMemoryIs) {
  Placement placement(two());
  EXPECT_EQ(placement.take(1, ByteSize::gib(6)), 1U);
  EXPECT_EQ(placement.take(1, ByteSize::gib(4)), 0U);
  EXPECT_EQ(placement.take(1, ByteSize::gib(64)), 1U) << "where nothing fits, the emptiest";
}

TEST(Placement, NoGuestGoesToAHostThatIsLost) {
  Placement placement(two());
  placement.lose(0);
  placement.lose(0);
  EXPECT_EQ(placement.lost(), 1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(placement.take(1, ByteSize::gib(1)), 1U);
  placement.lose(1);
  EXPECT_THROW(placement.take(1, ByteSize::gib(1)), Error);
}

TEST(Placement, AGuestWaitsForRoomRatherThanCrowdAHost) {
  Placement placement(two());
  placement.lose(0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(placement.take(1, ByteSize::gib(1)), 1U);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_THROW(placement.take(1, ByteSize::gib(1), stopped.get_token()), Interrupted);
  auto waiting = std::async(std::launch::async, [&] { return placement.take(1, ByteSize::gib(1)); });
  placement.give_back(1, 1, ByteSize::gib(1));
  EXPECT_EQ(waiting.get(), 1U);
  auto in_vain = std::async(std::launch::async, [&] { return placement.take(1, ByteSize::gib(1)); });
  placement.lose(1);
  EXPECT_THROW(in_vain.get(), Error);
}

} // namespace kdt::cli
