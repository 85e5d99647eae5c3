// Guests of a libvirt daemon, which the test starts and stops on sockets of its own; and of one that is reached as if
// it were on another host.

#include "base/text.hpp"
#include "e2e/libvirtd.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>

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

/// What stands for ssh to another host: what it is told to run there sees the daemon's /run/libvirt.
constexpr const char* k_fake_ssh = R"sh(#!/bin/sh
for last; do :; done
exec nsenter -t "$(cat "$(dirname "$0")/pid")" -m sh -c "$last"
)sh";

class E2eLibvirtDaemon : public ::testing::Test {
protected:
  void SetUp() override {
    if (auto missing = SystemLibvirtd::missing()) GTEST_SKIP() << *missing;
    daemon_.emplace(place_);
    if (!daemon_->runs()) GTEST_SKIP() << "libvirtd does not run here: " << daemon_->log();
  }

  std::vector<std::string> arguments(const std::string& uri, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"run", matrix_.string(), "-j", "1", "--out", "run", "--connect", uri};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::string uri_elsewhere() const {
    auto ssh = daemon_->directory() / "ssh";
    write_file(ssh, k_fake_ssh);
    fs::permissions(ssh, fs::perms::owner_all);
    return fmt::format("qemu+ssh://localhost/system?command={}&proxy=native&socket={}", ssh.string(),
                       daemon_->socket().string());
  }
  /// With two cells, one after the other: the first has loaded when the daemon goes away, and kdt sees nothing of the
  /// world until it is back. The first is an error of the host without a guest left, the second passes.
  void expect_an_error_and_a_pass(const std::function<void()>& go_away_and_come_back) {
    Program program(place_, arguments(daemon_->uri()));
    ASSERT_TRUE(reaches(program, Phase::load));
    auto first = emulators_named_by(program.pid());
    EXPECT_THAT(first, SizeIs(1));
    program.signal(SIGSTOP);
    go_away_and_come_back();
    program.signal(SIGCONT);
    EXPECT_TRUE(reaches(program, Phase::capture)) << program.err(); // of the second
    auto second = emulators_named_by(program.pid());
    EXPECT_THAT(second, SizeIs(1));
    EXPECT_NE(second, first);
    expect_an_error_and_a_pass(program);
  }
  bool reaches(Program& program, Phase phase) const {
    return program.wait_until([&] { return in_phase(run_directory(), phase); }, Deadline::after(k_run_budget));
  }
  void expect_an_error_and_a_pass(Program& program) const {
    auto pid = program.pid();
    auto outcome = program.finish(Deadline::after(k_run_budget));
    EXPECT_EQ(outcome.status.code, 3) << outcome.out << outcome.err;
    auto run = read_run(run_directory());
    ASSERT_THAT(run.cells, SizeIs(2));
    for (const auto& cell : run.cells) {
      bool first = cell.cell.id == journal_cells(run_directory()).front();
      EXPECT_EQ(cell.verdict, first ? Verdict::error : Verdict::pass) << findings_text(run);
      EXPECT_EQ(cell.blame, first ? std::optional(Blame::infra) : std::nullopt);
    }
    EXPECT_THAT(emulators_named_by(pid), IsEmpty());
    EXPECT_THAT(virsh(daemon_->uri(), {"list", "--all", "--name"}), IsEmpty());
    EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
  }
  fs::path run_directory() const { return place_.path() / "run"; }

  Place place_;
  fs::path matrix_ = place_.write("daemon.yaml", k_matrix);
  std::optional<SystemLibvirtd> daemon_;
};

TEST_F(E2eLibvirtDaemon, RunsTheCellsOfASystemConnection) {
  auto outcome = run_kdt(place_, arguments(daemon_->uri()), k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  auto run = read_run(run_directory());
  ASSERT_THAT(run.cells, SizeIs(2));
  for (const auto& cell : run.cells) EXPECT_EQ(cell.verdict, Verdict::pass) << findings_text(run);
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
}

TEST_F(E2eLibvirtDaemon, EndsItsDomainsWithinTwoSecondsOfCtrlC) {
  Program program(place_, arguments(daemon_->uri(), {"--only", "rodata=full"}));
  ASSERT_TRUE(reaches(program, Phase::load));
  auto pid = program.pid();
  EXPECT_THAT(emulators_named_by(pid), SizeIs(1));
  auto asked = Clock::now();
  program.signal(SIGINT);
  auto gone = [&] {
    return emulators_named_by(pid).empty() && virsh(daemon_->uri(), {"list", "--all", "--name"}).empty();
  };
  EXPECT_TRUE(eventually(gone, Deadline::after(std::chrono::seconds(10))));
  EXPECT_LT(Seconds(Clock::now() - asked).count(), 2);
  EXPECT_EQ(program.finish(Deadline::after(std::chrono::minutes(1))).status.code, 130);
}

TEST_F(E2eLibvirtDaemon, ThatIsKilledLeavesAnErrorAndNoGuest) {
  Program program(place_, arguments(daemon_->uri(), {"--only", "rodata=full"}));
  ASSERT_TRUE(reaches(program, Phase::load));
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

TEST_F(E2eLibvirtDaemon, ThatWasKilledAndIsBackRunsTheNextCellOfTheSameRun) {
  expect_an_error_and_a_pass([&] {
    daemon_->kill();
    daemon_->start();
  });
}

TEST_F(E2eLibvirtDaemon, ThatWasStoppedAndIsBackRunsTheNextCellOfTheSameRun) {
  expect_an_error_and_a_pass([&] {
    daemon_->stop();
    daemon_->start();
  });
}

TEST_F(E2eLibvirtDaemon, ThatAnswersNothingMoreIsAnErrorAndRunsTheNextCellWhenItDoes) {
  Program program(place_, arguments(daemon_->uri()));
  ASSERT_TRUE(reaches(program, Phase::load));
  daemon_->signal(SIGSTOP);
  EXPECT_TRUE(
      program.wait_until([&] { return journal_cells(run_directory()).size() == 1; }, Deadline::after(k_run_budget)));
  EXPECT_THAT(emulators_named_by(program.pid()), IsEmpty());
  daemon_->signal(SIGCONT);
  expect_an_error_and_a_pass(program);
}

TEST_F(E2eLibvirtDaemon, EndsTheGuestsOfAKdtThatWasKilled) {
  Program program(place_, arguments(daemon_->uri(), {"--only", "rodata=full"}));
  ASSERT_TRUE(reaches(program, Phase::load));
  auto pid = program.pid();
  EXPECT_THAT(emulators_named_by(pid), SizeIs(1));
  program.signal(SIGKILL);
  program.finish(Deadline::after(std::chrono::minutes(1)));
  eventually([&] { return emulators_named_by(pid).empty(); }, Deadline::after(std::chrono::seconds(10)));
  EXPECT_THAT(emulators_named_by(pid), IsEmpty());
}

TEST_F(E2eLibvirtDaemon, OfAnotherHostGetsTheImagesAndGivesTheDumpBack) {
  if (!find_program("virt-ssh-helper")) GTEST_SKIP() << "virt-ssh-helper is missing";
  auto outcome = run_kdt(place_, arguments(uri_elsewhere(), {"--keep", "all"}), k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  auto run = read_run(run_directory());
  ASSERT_THAT(run.cells, SizeIs(2));
  for (const auto& cell : run.cells) {
    EXPECT_EQ(cell.verdict, Verdict::pass) << findings_text(run);
    EXPECT_GT(size_of_file(run_directory() / "cells" / cell.cell.slug / "vmcore"), ByteSize::mib(1));
  }
  EXPECT_THAT(virsh(daemon_->uri(), {"pool-list", "--all", "--name"}), IsEmpty());
  EXPECT_THAT(virsh(daemon_->uri(), {"list", "--all", "--name"}), IsEmpty());
  for (const auto& entry : fs::directory_iterator("/var/tmp"))
    EXPECT_EQ(entry.path().filename().string().find("kdt-run-"), std::string::npos) << entry.path();
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
}

TEST_F(E2eLibvirtDaemon, WhatRanOnAHostThatGoesAwayRunsOnAnother) {
  SystemLibvirtd second(place_, "second");
  auto hosts = place_.write("hosts.yaml", fmt::format("hosts:\n- {{uri: '{}', slots: 1, memory: 4G}}\n"
                                                      "- {{uri: '{}', slots: 1, memory: 4G}}\n",
                                                      daemon_->uri(), second.uri()));
  Program program(place_, {"run", matrix_.string(), "--out", "run", "--hosts", hosts.string()});
  auto both_run = [&] {
    return emulators_named_by(program.pid()).size() == 2 && in_phase(run_directory(), Phase::load);
  };
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
