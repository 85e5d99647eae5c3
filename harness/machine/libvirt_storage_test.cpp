// Against libvirt's own test driver, which has pools and moves no bytes; with bytes: e2e/libvirt_ssh_test.

#include "machine/libvirt_connection.hpp"
#include "machine/pool_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

namespace kdt::machine {

using ::testing::Contains;
using ::testing::UnorderedElementsAreArray;

namespace {

class LibvirtStorageTest : public ::testing::Test {
protected:
  std::vector<std::string> pools() const {
    std::vector<std::string> names;
    virStoragePoolPtr* list = nullptr;
    int count = ::virConnectListAllStoragePools(connection_.get(), &list, 0);
    for (int i = 0; i < count; ++i) names.emplace_back(::virStoragePoolGetName(PoolHandle(list[i]).get()));
    std::free(list); // NOLINT: libvirt's array
    return names;
  }

  /// A pool with a file in it.
  void make_pool(const std::string& name, const std::string& directory, bool active = true) const {
    auto xml = fmt::format("<pool type='dir'><name>{}</name><target><path>{}</path></target></pool>", name, directory);
    PoolHandle pool(::virStoragePoolDefineXML(connection_.get(), xml.c_str(), 0));
    ASSERT_TRUE(pool) << libvirt_message();
    if (!active) return;
    ASSERT_EQ(::virStoragePoolCreate(pool.get(), 0), 0) << libvirt_message();
    const char* file = "<volume><name>file-1</name><capacity>4096</capacity></volume>";
    ASSERT_TRUE(VolumeHandle(::virStorageVolCreateXML(pool.get(), file, 0))) << libvirt_message();
  }
  void make_pool(const std::string& name) const { make_pool(name, "/var/tmp/" + name); }

  LibvirtConnection connection_{libvirt_uri("test:///default"), {}};
};

ProcessIdentity dead_process() {
  int pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  auto process = own_identity();
  process.pid = pid;
  return process;
}

} // namespace

TEST_F(LibvirtStorageTest, IsAPoolThatGoesWithIt) {
  auto before = pools();
  {
    LibvirtStorage storage(connection_.get(), "kdt-run-1-cell");
    auto directory = storage.place("dump").parent_path();
    EXPECT_EQ(directory.parent_path(), "/var/tmp");
    EXPECT_EQ(pool_owner(directory.filename().string()), own_identity());
    EXPECT_THAT(pools(), Contains(directory.filename().string()));
    LibvirtStorage again(connection_.get(), "kdt-run-1-cell"); // of a cell that runs once more
    EXPECT_EQ(pools().size(), before.size() + 2);
  }
  EXPECT_THAT(pools(), UnorderedElementsAreArray(before));
}

TEST_F(LibvirtStorageTest, RemovesWhatTheDeadLeftAndNothingElse) {
  auto dead = dead_process();
  auto elsewhere = dead;
  elsewhere.host = "0123456789abcdef";
  make_pool(pool_name("kdt-alive", own_identity()));
  make_pool(pool_name("kdt-elsewhere", elsewhere));
  make_pool("kdt-old-12-cell");
  make_pool(pool_name("kdt-moved", dead), "/var/tmp/of-a-user");
  make_pool(pool_name("not-kdt", dead));
  auto stay = pools(); // and the driver's own default-pool
  make_pool(pool_name("kdt-dead", dead));
  auto inactive = pool_name("kdt-inactive", dead);
  make_pool(inactive, "/var/tmp/" + inactive, false);
  EXPECT_EQ(pools().size(), stay.size() + 2);
  { LibvirtStorage storage(connection_.get(), "kdt-run-1-cell"); }
  EXPECT_THAT(pools(), UnorderedElementsAreArray(stay));
  EXPECT_THAT(pools(), Contains("default-pool"));
}

} // namespace kdt::machine
