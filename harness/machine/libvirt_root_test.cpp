#include "base/child.hpp"
#include "machine/libvirt_root.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

namespace kdt::machine {

using ::testing::HasSubstr;

TEST(LibvirtRoot, HoldsTheDriversConfigurationAndGoes) {
  fs::path path;
  {
    LibvirtRoot root({}, {});
    path = root.path();
    EXPECT_THAT(read_file(path / "etc/qemu.conf"), HasSubstr("seccomp_sandbox = 1"));
    EXPECT_LE(path.string().size(), 47U);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(LibvirtRoot, ThatWasNamedStays) {
  TempDir place("kdt-test");
  { LibvirtRoot root(place.path() / "root", {}); }
  EXPECT_TRUE(fs::exists(place.path() / "root/etc/qemu.conf"));
}

/// What is written into a cache goes into the environment's place for caches.
class Cache {
public:
  Cache() {
    if (const char* before = std::getenv("XDG_CACHE_HOME")) before_ = before;
    ::setenv("XDG_CACHE_HOME", place_.path().c_str(), 1);
  }
  ~Cache() { before_ ? ::setenv("XDG_CACHE_HOME", before_->c_str(), 1) : ::unsetenv("XDG_CACHE_HOME"); }
  fs::path capabilities() const { return place_.path() / "kdt/libvirt/capabilities"; }

private:
  TempDir place_{"kdt-test"};
  std::optional<std::string> before_;
};

TEST(LibvirtRoot, WhatQemuIsCapableOfIsAskedForOnce) {
  Cache cache;
  {
    LibvirtRoot first({}, {});
    make_directories(first.path() / "cache/qemu/capabilities");
    write_file(first.path() / "cache/qemu/capabilities/qemu.xml", "<qemuCaps/>");
    first.keep_capabilities();
  }
  LibvirtRoot second({}, {});
  EXPECT_EQ(read_file(second.path() / "cache/qemu/capabilities/qemu.xml"), "<qemuCaps/>");
}

TEST(LibvirtRoot, ThatWasNamedHasItsOwnCapabilities) {
  Cache cache;
  TempDir place("kdt-test");
  LibvirtRoot root(place.path() / "root", {});
  make_directories(root.path() / "cache/qemu/capabilities");
  write_file(root.path() / "cache/qemu/capabilities/qemu.xml", "<qemuCaps/>");
  root.keep_capabilities();
  EXPECT_FALSE(fs::exists(cache.capabilities()));
}

TEST(LibvirtRoot, IsMadeWhereTheCacheCannotBeUsed) {
  Cache cache;
  make_directories(cache.capabilities().parent_path());
  write_file(cache.capabilities(), "no directory");
  LibvirtRoot root({}, {});
  make_directories(root.path() / "cache/qemu/capabilities");
  write_file(root.path() / "cache/qemu/capabilities/qemu.xml", "<qemuCaps/>");
  EXPECT_NO_THROW(root.keep_capabilities());
}

TEST(LibvirtRoot, ThatWasNamedKeepsItsConfiguration) {
  TempDir place("kdt-test");
  make_directories(place.path() / "etc");
  write_file(place.path() / "etc/qemu.conf", "max_files = 1\n");
  LibvirtRoot root(place.path(), {});
  EXPECT_EQ(read_file(place.path() / "etc/qemu.conf"), "max_files = 1\n");
}

TEST(LibvirtRoot, EndsItsEmulatorsAndNoOtherProcess) {
  LibvirtRoot root({}, {});
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd in(ends[0]);
  UniqueFd never(ends[1]);
  ChildFds fds{.in = in.get(), .out = -1, .err = -1, .inherited = {}};
  boost::asio::io_context context;
  auto waiting = [&](const char* name, const fs::path& socket) {
    return Command{.argv = {"sh", "-c", "read line; exit", name, socket.string()}};
  };
  auto ours = root.path() / "monitor.sock";
  Child emulator(context.get_executor(), waiting("qemu-system-fake", ours), fds);
  Child reader(context.get_executor(), waiting("tail", ours), fds);
  Child foreign(context.get_executor(), waiting("qemu-system-fake", "/elsewhere/monitor.sock"), fds);
  std::optional<ExitStatus> ended;
  emulator.on_end([&](ExitStatus status) { ended = status; });
  EXPECT_FALSE(end_processes_of(root.path(), Guests::ours)) << "somebody else's in a root that was named";
  EXPECT_TRUE(end_processes_of(root.path()));
  context.run_for(std::chrono::seconds(30));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->signal, SIGKILL);
  EXPECT_EQ(::kill(reader.pid(), 0), 0);
  EXPECT_EQ(::kill(foreign.pid(), 0), 0);
  EXPECT_FALSE(end_processes_of(root.path()));
}

TEST(LibvirtRoot, TheDriverSeesItsUserWhereRootMayShowIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root's driver looks for the user";
  LibvirtRoot root({}, {});
  bool seen = false;
  root.with_driver_user([&] { seen = ::getpwnam("libvirt-qemu") != nullptr; });
  bool may = fs::exists(root.path() / "etc/passwd") || ::getpwnam("libvirt-qemu") != nullptr;
  if (!may) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_TRUE(seen);
}

TEST(LibvirtRoot, WhatTheFunctionThrowsComesOut) {
  LibvirtRoot root({}, {});
  EXPECT_THROW(root.with_driver_user([] { throw std::runtime_error("no"); }), std::runtime_error);
}

} // namespace kdt::machine
