#include "base/file.hpp"
#include "cli/doctor.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace kdt::cli {

namespace {
const Check* find(const std::vector<Check>& checks, const std::string& what) {
  auto it = std::ranges::find(checks, what, &Check::what);
  return it == checks.end() ? nullptr : &*it;
}
} // namespace

TEST(Doctor, NamesEveryToolOnceAndHowToMendIt) {
  TempDir cache("kdt-test");
  std::string old_path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  auto checks = check_host(KDT_SOURCE_DIR, cache.path());
  ::setenv("PATH", old_path.c_str(), 1);
  const auto* emulator = find(checks, "qemu-system-aarch64");
  ASSERT_NE(emulator, nullptr);
  EXPECT_EQ(emulator->state, Check::State::bad);
  EXPECT_EQ(emulator->mend, "apt-get install qemu-system-arm");
  for (const auto& check : checks) {
    EXPECT_EQ(std::ranges::count(checks, check.what, &Check::what), 1) << check.what;
    EXPECT_EQ(check.state == Check::State::good, check.mend.empty()) << check.what;
  }
}

TEST(Doctor, SeesAQemuThatIsTooOld) {
  TempDir place("kdt-test");
  auto program = place.path() / "qemu-system-aarch64";
  std::string old_path = std::getenv("PATH");
  ::setenv("PATH", (place.path().string() + ":" + old_path).c_str(), 1);
  for (auto [version, state] : {std::pair{"4.2.1", Check::State::bad}, std::pair{"6.1.0", Check::State::good},
                                std::pair{"10.0.2", Check::State::good}}) {
    write_file(program, fmt::format("#!/bin/sh\necho 'QEMU emulator version {} (Debian)'\n", version));
    fs::permissions(program, fs::perms::owner_all);
    auto checks = check_host(KDT_SOURCE_DIR, place.path() / "cache");
    EXPECT_EQ(find(checks, "QEMU version")->state, state) << version;
  }
  ::setenv("PATH", old_path.c_str(), 1);
}

TEST(Doctor, SeesACacheThatCannotBeWrittenTo) {
  TempDir place("kdt-test");
  write_file(place.path() / "file", "");
  auto checks = check_host(KDT_SOURCE_DIR, place.path() / "file");
  EXPECT_EQ(find(checks, "cache directory")->state, Check::State::bad);
  auto good = check_host(KDT_SOURCE_DIR, place.path() / "cache");
  EXPECT_EQ(find(good, "cache directory")->state, Check::State::good);
}

TEST(Doctor, LooksAtLibvirtWhereItIsAskedTo) {
  EXPECT_EQ(check_libvirt(machine::libvirt_uri("test:///default")).state, Check::State::good);
  auto bad = check_libvirt(machine::libvirt_uri("qemu+unix:///system?socket=/nonexistent/libvirt-sock"));
  EXPECT_EQ(bad.state, Check::State::bad);
  EXPECT_FALSE(bad.mend.empty());
}

} // namespace kdt::cli
