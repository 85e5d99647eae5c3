// Guests of another host, for which this one stands: a real ssh to a real sshd, behind which is a libvirtd that the
// host itself cannot see.

#include "base/text.hpp"
#include "e2e/libvirtd.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"
#include "e2e/sshd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* k_matrix = R"(
name: ssh
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M}
axes: {rodata: [full, on]}
)";

class E2eLibvirtSsh : public ::testing::Test {
protected:
  void SetUp() override {
    for (const auto& missing : {SystemLibvirtd::missing(), Sshd::missing()})
      if (missing) GTEST_SKIP() << *missing;
    daemon_.emplace(place_);
    if (!daemon_->runs()) GTEST_SKIP() << "libvirtd does not run here: " << daemon_->log();
    sshd_.emplace(place_, daemon_->pid());
    if (!sshd_->runs()) GTEST_SKIP() << "sshd does not run here: " << sshd_->log();
  }

  std::vector<std::string> arguments(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"run", matrix_.string(), "-j", "1", "--out", out, "--connect", sshd_->uri()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::vector<std::string> pools() const { return virsh(daemon_->uri(), {"pool-list", "--all", "--name"}); }
  std::vector<std::string> domains() const { return virsh(daemon_->uri(), {"list", "--all", "--name"}); }
  /// What kdt has in that host's /var/tmp.
  static std::vector<std::string> directories() {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator("/var/tmp"))
      if (auto name = entry.path().filename().string(); name.starts_with("kdt-run-")) found.push_back(name);
    return found;
  }
  void expect_nothing_left_there() const {
    EXPECT_THAT(pools(), IsEmpty());
    EXPECT_THAT(domains(), IsEmpty());
    EXPECT_THAT(directories(), IsEmpty());
  }

  Place place_;
  fs::path matrix_ = place_.write("ssh.yaml", k_matrix);
  std::optional<SystemLibvirtd> daemon_;
  std::optional<Sshd> sshd_;
};

TEST_F(E2eLibvirtSsh, TheOtherHostGetsTheImagesAndGivesTheDumpsBack) {
  Program program(place_, arguments("run", {"--keep", "all"}));
  ASSERT_TRUE(
      program.wait_until([&] { return in_phase(place_.path() / "run", Phase::load); }, Deadline::after(k_run_budget)))
      << program.err();
  EXPECT_THAT(pools(), SizeIs(1));
  EXPECT_THAT(domains(), SizeIs(1));
  auto outcome = program.finish(Deadline::after(k_run_budget));
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err << sshd_->log();
  auto run = read_run(place_.path() / "run");
  ASSERT_THAT(run.cells, SizeIs(2));
  for (const auto& cell : run.cells) {
    EXPECT_EQ(cell.verdict, Verdict::pass) << findings_text(run);
    EXPECT_GT(size_of_file(place_.path() / "run/cells" / cell.cell.slug / "vmcore"), ByteSize::mib(1));
  }
  EXPECT_THAT(sshd_->log(), HasSubstr("Accepted publickey for root"));
  EXPECT_THAT(place_.processes(), IsEmpty());
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
  expect_nothing_left_there();
}

TEST_F(E2eLibvirtSsh, WhatAKilledKdtLeftThereGoesWithTheNextRun) {
  Program program(place_, arguments("run"));
  ASSERT_TRUE(
      program.wait_until([&] { return in_phase(place_.path() / "run", Phase::load); }, Deadline::after(k_run_budget)))
      << program.err();
  program.signal(SIGKILL);
  program.finish(Deadline::after(std::chrono::minutes(1)));
  eventually([&] { return domains().empty(); }, Deadline::after(std::chrono::seconds(20)));
  EXPECT_THAT(domains(), IsEmpty()); // the daemon sees the end of the connection
  EXPECT_THAT(pools(), SizeIs(1));
  EXPECT_THAT(directories(), SizeIs(1));

  auto outcome = run_kdt(place_, arguments("next", {"--only", "rodata=full"}), k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  expect_nothing_left_there();
}

TEST_F(E2eLibvirtSsh, AHostWithAnotherKeyIsNotSpokenWith) {
  sshd_->be_a_stranger();
  auto outcome = run_kdt(place_, arguments("run"));
  EXPECT_EQ(outcome.status.code, 3) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("can you ssh there without a password"));
  EXPECT_EQ(split(trim(outcome.err), '\n').size(), 1U) << outcome.err;
}

} // namespace
} // namespace kdt::e2e
