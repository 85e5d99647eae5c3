// Guests of a libvirt daemon, which the test starts and stops on sockets of its own; and of one that is reached as if
// it were on another host.

#include "base/text.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* k_matrix = R"(
name: daemon
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M}
axes: {rodata: [full, on]}
)";

/// Everything of the system daemon's is its own: a mount namespace hides the host's.
constexpr const char* k_start = R"(set -e
cd "$1"
mkdir -p /etc/libvirt /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt
for file in passwd group; do cp /etc/$file $file; done
grep -q '^libvirt-qemu:' passwd || echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin' >>passwd
grep -q '^libvirt-qemu:' group || echo 'libvirt-qemu:x:64055:' >>group
for file in passwd group; do mount --bind $file /etc/$file; done
mount --bind etc /etc/libvirt
for place in /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do mount -t tmpfs none $place; done
ln -s "$1/libvirt-sock" /run/libvirt/libvirt-sock
exec libvirtd -f libvirtd.conf -p pid
)";

/// What stands for ssh to another host: what it is told to run there sees the daemon's /run/libvirt.
constexpr const char* k_fake_ssh = R"sh(#!/bin/sh
for last; do :; done
exec nsenter -t "$(cat "$(dirname "$0")/pid")" -m sh -c "$last"
)sh";

class Daemon {
public:
  explicit Daemon(const Place& place, const char* name = "daemon") : directory_(place.path() / name) {
    make_directories(directory_ / "etc");
    write_file(directory_ / "etc/qemu.conf", "stdio_handler = \"file\"\nsecurity_driver = \"none\"\nnamespaces = []\n"
                                             "cgroup_controllers = []\n");
    write_file(directory_ / "libvirtd.conf",
               fmt::format("unix_sock_dir = \"{}\"\nauth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\n"
                           "unix_sock_rw_perms = \"0700\"\n",
                           directory_.string()));
    write_file(directory_ / "start.sh", k_start);
    start();
  }

  void start() {
    std::error_code ignored;
    fs::remove(socket(), ignored);
    auto log = open_file(directory_ / "log", O_WRONLY | O_CREAT | O_APPEND);
    child_.emplace(context_.get_executor(),
                   Command{.argv = {"unshare", "-m", "sh", (directory_ / "start.sh").string(), directory_.string()}},
                   ChildFds{.in = -1, .out = log.get(), .err = log.get(), .inherited = {}});
    eventually([&] { return fs::exists(socket()); }, Deadline::after(std::chrono::seconds(60)));
  }
  /// SIGKILL.
  void kill() { child_.reset(); }

  fs::path socket() const { return directory_ / "libvirt-sock"; }
  std::string uri() const { return "qemu+unix:///system?socket=" + socket().string(); }
  std::string uri_elsewhere() const {
    auto ssh = directory_ / "ssh";
    write_file(ssh, k_fake_ssh);
    fs::permissions(ssh, fs::perms::owner_all);
    return fmt::format("qemu+ssh://localhost/system?command={}&proxy=native&socket={}", ssh.string(),
                       socket().string());
  }
  std::string log() const { return read_file(directory_ / "log"); }

private:
  fs::path directory_;
  boost::asio::io_context context_;
  std::optional<Child> child_;
};

/// Emulators of the guests of this kdt, whoever started them.
std::vector<int> emulators_named_by(int pid) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      if (read_file(entry.path() / "cmdline").find(fmt::format("guest=kdt-run-{}-", pid)) != std::string::npos)
        found.push_back(std::stoi(name));
    } catch (const std::exception&) { // it is gone
    }
  }
  return found;
}

class E2eLibvirtDaemon : public ::testing::Test {
protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "a system daemon is root's";
    for (const char* program : {"libvirtd", "unshare"})
      if (!find_program(program)) GTEST_SKIP() << program << " is missing";
    daemon_.emplace(place_);
    if (!fs::exists(daemon_->socket())) GTEST_SKIP() << "libvirtd does not run here: " << daemon_->log();
  }

  std::vector<std::string> arguments(const std::string& uri, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"run", matrix_.string(), "-j", "1", "--out", "run", "--connect", uri};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  fs::path run_directory() const { return place_.path() / "run"; }
  bool in_phase(Phase phase) const {
    for (const auto& cell : cell_directories(run_directory()))
      if (EventReader(run_directory() / "cells" / cell).phase() == to_string(phase)) return true;
    return false;
  }

  Place place_;
  fs::path matrix_ = place_.write("daemon.yaml", k_matrix);
  std::optional<Daemon> daemon_;
};

TEST_F(E2eLibvirtDaemon, RunsTheCellsOfASystemConnection) {
  auto outcome = run_kdt(place_, arguments(daemon_->uri()), k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  auto run = read_run(run_directory());
  ASSERT_THAT(run.cells, SizeIs(2));
  for (const auto& cell : run.cells) EXPECT_EQ(cell.verdict, Verdict::pass) << findings_text(run);
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
}

TEST_F(E2eLibvirtDaemon, ThatIsKilledLeavesAnErrorAndNoGuest) {
  Program program(place_, arguments(daemon_->uri(), {"--only", "rodata=full"}));
  ASSERT_TRUE(program.wait_until([&] { return in_phase(Phase::load); }, Deadline::after(k_run_budget)));
  EXPECT_THAT(emulators_named_by(program.pid()), SizeIs(1));
  daemon_->kill();
  auto pid = program.pid();
  auto outcome = program.finish(Deadline::after(k_run_budget));
  EXPECT_EQ(outcome.status.code, 3) << outcome.out << outcome.err;
  auto run = read_run(run_directory());
  ASSERT_THAT(run.cells, SizeIs(1));
  EXPECT_EQ(run.cells[0].verdict, Verdict::error);
  EXPECT_EQ(run.cells[0].blame, Blame::infra);
  ASSERT_FALSE(run.cells[0].findings.empty());
  EXPECT_THAT(run.cells[0].findings[0].text, HasSubstr("connection to libvirt was lost"));
  EXPECT_THAT(emulators_named_by(pid), IsEmpty());

  daemon_->start(); // what was an error is run again
  auto again = run_kdt(
      place_, {"run", matrix_.string(), "--only", "rodata=full", "--resume", "run", "--connect", daemon_->uri()},
      k_run_budget);
  EXPECT_EQ(again.status.code, 0) << again.out << again.err;
}

TEST_F(E2eLibvirtDaemon, EndsTheGuestsOfAKdtThatWasKilled) {
  Program program(place_, arguments(daemon_->uri(), {"--only", "rodata=full"}));
  ASSERT_TRUE(program.wait_until([&] { return in_phase(Phase::load); }, Deadline::after(k_run_budget)));
  auto pid = program.pid();
  EXPECT_THAT(emulators_named_by(pid), SizeIs(1));
  program.signal(SIGKILL);
  program.finish(Deadline::after(std::chrono::minutes(1)));
  eventually([&] { return emulators_named_by(pid).empty(); }, Deadline::after(std::chrono::seconds(10)));
  EXPECT_THAT(emulators_named_by(pid), IsEmpty());
}

TEST_F(E2eLibvirtDaemon, OfAnotherHostGetsTheImagesAndGivesTheDumpBack) {
  if (!find_program("virt-ssh-helper")) GTEST_SKIP() << "virt-ssh-helper is missing";
  auto outcome = run_kdt(place_, arguments(daemon_->uri_elsewhere(), {"--keep", "all"}), k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  auto run = read_run(run_directory());
  ASSERT_THAT(run.cells, SizeIs(2));
  for (const auto& cell : run.cells) {
    EXPECT_EQ(cell.verdict, Verdict::pass) << findings_text(run);
    EXPECT_GT(size_of_file(run_directory() / "cells" / cell.cell.slug / "vmcore"), ByteSize::mib(1));
  }
  for (const auto& entry : fs::directory_iterator("/var/tmp"))
    EXPECT_EQ(entry.path().filename().string().find("kdt-run-"), std::string::npos) << entry.path();
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
}

TEST_F(E2eLibvirtDaemon, WhatRanOnAHostThatGoesAwayRunsOnAnother) {
  Daemon second(place_, "second");
  auto hosts = place_.write("hosts.yaml", fmt::format("hosts:\n- {{uri: '{}', slots: 1, memory: 4G}}\n"
                                                      "- {{uri: '{}', slots: 1, memory: 4G}}\n",
                                                      daemon_->uri(), second.uri()));
  Program program(place_, {"run", matrix_.string(), "--out", "run", "--hosts", hosts.string()});
  auto both_run = [&] { return emulators_named_by(program.pid()).size() == 2 && in_phase(Phase::load); };
  ASSERT_TRUE(program.wait_until(both_run, Deadline::after(k_run_budget)));
  daemon_->kill();
  auto outcome = program.finish(Deadline::after(k_run_budget));
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  auto run = read_run(run_directory());
  ASSERT_THAT(run.cells, SizeIs(2));
  int attempts = 0;
  for (const auto& cell : run.cells) {
    EXPECT_EQ(cell.verdict, Verdict::pass) << findings_text(run);
    attempts += cell.attempts;
  }
  EXPECT_EQ(attempts, 3);
}

} // namespace
} // namespace kdt::e2e
