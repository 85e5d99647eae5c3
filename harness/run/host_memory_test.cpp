#include "base/child.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "run/host_memory.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <unistd.h>

namespace kdt::run {

namespace {

/// A host in a directory: 24 GiB, 20 GiB of them available.
class HostMemoryTest : public testing::Test {
protected:
  HostMemoryTest() {
    write("proc/meminfo", "MemTotal:       25165824 kB\nMemFree: 1 kB\nMemAvailable:   20971520 kB\n");
    write("proc/vmstat", "oom_kill_disable 7\npgfault 5\noom_kill 3\n");
  }
  void write(const fs::path& name, std::string_view text) {
    make_directories((root_.path() / name).parent_path());
    write_file(root_.path() / name, text);
  }
  HostMemory read() const { return host_memory(root_.path()); }
  TempDir root_{"kdt-test"};
};

} // namespace

TEST_F(HostMemoryTest, IsTheKernelsOwnWithoutLimits) {
  auto memory = read();
  EXPECT_EQ(memory.total, ByteSize::gib(24));
  EXPECT_EQ(memory.available, ByteSize::gib(20));
  EXPECT_EQ(memory.oom_kills, 3U);
}

TEST_F(HostMemoryTest, ALimitOfAGroupAboveOursCounts) {
  write("proc/self/cgroup", "0::/machine/job\n");
  write("sys/fs/cgroup/machine/memory.max", "4294967296\n");
  write("sys/fs/cgroup/machine/memory.current", "3221225472\n");
  write("sys/fs/cgroup/machine/memory.stat", "anon 2147483648\ninactive_file 1073741824\n");
  write("sys/fs/cgroup/machine/job/memory.max", "max\n");
  write("sys/fs/cgroup/machine/job/memory.current", "3221225472\n");
  auto memory = read();
  EXPECT_EQ(memory.total, ByteSize::gib(4));
  EXPECT_EQ(memory.available, ByteSize::gib(2)); // its page cache can be had back
}

TEST_F(HostMemoryTest, ALimitOfVersionOneCountsAndNoneDoesNot) {
  write("proc/self/cgroup", "8:pids:/\n4:cpu,memory:/job\n0::/\n");
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "8589934592\n");
  write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "1073741824\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"); // version 1's word for none
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1073741824\n");
  auto memory = read();
  EXPECT_EQ(memory.total, ByteSize::gib(8));
  EXPECT_EQ(memory.available, ByteSize::gib(7));
}

TEST_F(HostMemoryTest, InAContainerOurGroupMayBeMountedAtTheTop) {
  write("proc/self/cgroup", "4:memory:/docker/0123\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "2147483648\n"); // over its limit: nothing is left
  EXPECT_EQ(read().total, ByteSize::gib(1));
  EXPECT_EQ(read().available.bytes, 0U);
}

TEST_F(HostMemoryTest, WithoutMemInfoItIsAnInfraError) {
  write("proc/meminfo", "MemTotal: 5 kB\n");
  EXPECT_THROW(read(), Error);
}

TEST(MemoryBudget, LeavesAReserve) {
  EXPECT_EQ(memory_reserve(ByteSize::gib(1)), ByteSize::mib(256));
  EXPECT_EQ(memory_reserve(ByteSize::gib(8)), ByteSize::mib(512));
  EXPECT_EQ(memory_reserve(ByteSize::gib(256)), ByteSize::gib(1));
  EXPECT_EQ(host_memory_budget({.total = ByteSize::gib(24), .available = ByteSize::gib(5)}), ByteSize::gib(4));
  EXPECT_EQ(host_memory_budget({.total = ByteSize::gib(24), .available = ByteSize::mib(5)}).bytes, 0U);
  EXPECT_GT(host_memory_budget().bytes, 0U); // of the host that runs this
}

TEST(MemoryShortage, IsAKilledEmulatorOnAHostThatEndedSomethingForLackOfMemory) {
  HostMemory now{.total = ByteSize::gib(24), .available = ByteSize::gib(1), .oom_kills = 5};
  machine::Ended killed{.status = {.code = 0, .signal = SIGKILL}, .words = ""};
  auto why = memory_shortage(killed, 4, now);
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("1.1 GB"), std::string::npos) << *why;
  EXPECT_FALSE(memory_shortage(killed, 5, now)); // a person's kill -9
  machine::Ended crashed{.status = {.code = 0, .signal = SIGSEGV}, .words = ""};
  EXPECT_FALSE(memory_shortage(crashed, 4, now));
}

TEST(MemoryShortage, MayBeBehindAnEndOfWhichNobodyToldTheStatus) {
  machine::Ended untold{.status = {.code = 1, .signal = 0}, .words = "", .status_told = false};
  HostMemory now{.total = {}, .available = {}, .oom_kills = 5};
  EXPECT_TRUE(memory_shortage(untold, 4, now));
  EXPECT_FALSE(memory_shortage(untold, 5, now));
}

TEST(MemoryShortage, IsAnEmulatorThatSaysSo) {
  machine::Ended refused{.status = {.code = 1, .signal = 0},
                         .words = "qemu-system-aarch64: cannot set up guest memory 'ram': Cannot allocate memory"};
  EXPECT_TRUE(memory_shortage(refused, 0, {}));
  machine::Ended aborted{.status = {.code = 0, .signal = SIGABRT}, .words = "GLib: failed to allocate 32768 bytes"};
  EXPECT_TRUE(memory_shortage(aborted, 0, {}));
}

TEST(MemoryOfChildren, CountsAChildWhileItLives) {
  if (!fs::exists("/proc/thread-self/children")) GTEST_SKIP() << "this kernel does not list children";
  auto before = memory_of_children();
  boost::asio::io_context context;
  Child child(context.get_executor(), {.argv = {"sleep", "1000"}}, {});
  EXPECT_GT(memory_of_children(), before);
}

TEST(MemoryOfChildren, CountsOthersTooAndNobodyTwice) {
  if (!fs::exists("/proc/thread-self/children")) GTEST_SKIP() << "this kernel does not list children";
  boost::asio::io_context context;
  Child child(context.get_executor(), {.argv = {"sleep", "1000"}}, {});
  auto own = memory_of_children({::getpid()}); // it is much larger than the child
  EXPECT_GT(own, memory_of_children());
  auto both = memory_of_children({::getpid(), child.pid(), ::getpid(), child.pid()});
  EXPECT_LT(both.bytes, 2 * own.bytes - own.bytes / 2);
}

} // namespace kdt::run
