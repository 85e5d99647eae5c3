// A cell that passes and one that does not, and all the ways to see them again.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"
#include "testing/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const fs::path k_source{KDT_SOURCE_DIR};
const std::string k_cell = "kernel=v6.1-dma/rodata=full";
const std::string k_red = "kernel=v6.1-dma/rodata=on";

class Repro : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    place_ = new Place;
    place_->write("one.yaml", fmt::format("name: one\nkernels: [v6.1-dma]\n"
                                          "defaults: {{memory: 1G, crashkernel: 128M}}\n"
                                          "axes: {{kernel: [v6.1-dma], rodata: [full, on]}}\n"
                                          "expectations: [wrong.yaml, {}]\n",
                                          (k_source / "matrices/expectations/arm64.yaml").string()));
    place_->write("wrong.yaml", "rules:\n- {id: wrong, expect: {boot.cpus: 3}, when: {rodata: on}, because: this test "
                                "says so, source: this test}\n");
    auto outcome = run_kdt(*place_, {"run", "one.yaml", "-j", "2", "--out", "runs/first"}, k_run_budget);
    ASSERT_EQ(outcome.status.code, 1) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("./kdt repro '" + k_red + "' --run runs/first"));
  }
  static void TearDownTestSuite() { delete place_; }

  static fs::path cell_directory() { return place_->path() / "runs/first/cells/kernel=v6.1-dma_rodata=full"; }

  /// A pipe whose both ends stay open: the keyboard of a guest.
  static UniqueFd keyboard() {
    auto pipe = place_->path() / "keyboard";
    fs::remove(pipe);
    EXPECT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    return open_file(pipe, O_RDWR);
  }
  static void expect_nothing_left() {
    EXPECT_THAT(place_->processes(), IsEmpty());
    EXPECT_THAT(files_below(place_->tmp()), IsEmpty());
  }

  static inline Place* place_ = nullptr;
};

TEST_F(Repro, RunsTheSameCellAgainByItsId) {
  auto outcome = run_kdt(*place_, {"repro", k_cell, "--out", "again"}, k_run_budget);
  EXPECT_TRUE(outcome.status.success()) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("as before: pass"));
  EXPECT_THAT(outcome.out, HasSubstr("results: again"));
  auto run = read_run(place_->path() / "runs/first");
  const auto& first = cell_with(run, k_cell);
  auto again = read_run(place_->path() / "again").cells.at(0);
  EXPECT_EQ(again.fingerprint, first.fingerprint);
  EXPECT_EQ(read_file(place_->path() / "again/cells" / again.cell.slug / "qemu.args"),
            read_file(cell_directory() / "qemu.args"));
  expect_nothing_left();
}

TEST_F(Repro, LeavesAShellWhereItIsAskedToStop) {
  auto keys = keyboard();
  Program kdt(*place_, {"repro", cell_directory().string(), "--stop-after", "load"}, {}, keys.get());
  ASSERT_TRUE(
      kdt.wait_until([&] { return kdt.out().find("system:/ #") != std::string::npos; }, Deadline::after(k_run_budget)))
      << kdt.out() << kdt.err();
  EXPECT_THAT(kdt.err(), HasSubstr("the guest is yours"));
  write_all(keys.get(), "cat /sys/kernel/kexec_crash_loaded | sed s/^/loaded/\r", "the keyboard");
  EXPECT_TRUE(kdt.wait_until([&] { return kdt.out().find("\nloaded1") != std::string::npos; },
                             Deadline::after(std::chrono::minutes(2))))
      << kdt.out();
  write_all(keys.get(), "exit\r", "the keyboard");
  auto outcome = kdt.finish(Deadline::after(std::chrono::minutes(2)));
  EXPECT_EQ(outcome.status.code, 0) << outcome.err;
  EXPECT_EQ(fs::exists(place_->path() / "runs/first"), true);
  EXPECT_EQ(std::distance(fs::directory_iterator(place_->path() / "runs"), {}), 1) << "nothing was learnt";
  expect_nothing_left();
}

TEST_F(Repro, IsLeftByItsKeyAndByASignal) {
  for (bool by_key : {true, false}) {
    auto keys = keyboard();
    Program kdt(*place_, {"repro", k_cell, "--console"}, {}, keys.get());
    ASSERT_TRUE(kdt.wait_until([&] { return kdt.out().find("Booting Linux") != std::string::npos; },
                               Deadline::after(k_run_budget)))
        << kdt.out() << kdt.err();
    if (by_key)
      write_all(keys.get(), "\x1d", "the keyboard");
    else
      kdt.signal(SIGINT);
    EXPECT_EQ(kdt.finish(Deadline::after(std::chrono::minutes(2))).status.code, 130);
    EXPECT_EQ(std::distance(fs::directory_iterator(place_->path() / "runs"), {}), 1);
    expect_nothing_left();
  }
}

TEST_F(Repro, WaitsForGdbAndTellsItsCommand) {
  // A free port may be taken by another program before QEMU has it; then QEMU says so, and the next is tried.
  for (int port = 23451; port < 23461; ++port) {
    Program kdt(*place_, {"repro", k_cell, fmt::format("--gdb={}", port), "--nokaslr"});
    auto wanted = fmt::format("-gdb tcp:127.0.0.1:{} -S", port);
    auto started = [&] {
      return std::ranges::any_of(emulators_of(kdt.pid()),
                                 [&](const auto& each) { return each.second.find(wanted) != std::string::npos; });
    };
    bool listens = kdt.wait_until(started, Deadline::after(std::chrono::minutes(2)));
    if (!listens) continue;
    EXPECT_THAT(kdt.err(), HasSubstr(fmt::format("-ex 'target remote :{}'", port)));
    EXPECT_THAT(kdt.err(), HasSubstr("vmlinux"));
    EXPECT_THAT(kdt.err(), Not(HasSubstr("KASLR")));
    kdt.signal(SIGINT);
    EXPECT_EQ(kdt.finish(Deadline::after(std::chrono::minutes(2))).status.code, 130);
    expect_nothing_left();
    return;
  }
  FAIL() << "no port was free";
}

TEST_F(Repro, TheScriptDoesTheWholeExperimentWithoutKdt) {
  auto errors = kdt::testing::schema_errors(k_source / "reports/schema/recipe.schema.json",
                                            read_file(cell_directory() / "recipe.json"));
  EXPECT_EQ(errors, "");
  auto done = run_program(
      {.argv = {(cell_directory() / "repro.sh").string()}, .environment = {{"TMPDIR", place_->tmp().string()}}},
      Deadline::after(k_run_budget));
  EXPECT_TRUE(done.status.success()) << done.out << done.err;
  EXPECT_THAT(done.out, HasSubstr("Kernel panic - not syncing: sysrq triggered crash"));
  EXPECT_THAT(done.out, HasSubstr("kdt-agent: hello capture"));
  EXPECT_THAT(done.out, HasSubstr("kdt-agent: saved"));
  EXPECT_THAT(files_below(place_->tmp()), IsEmpty());
}

TEST_F(Repro, ABundleRunsWhereNothingIsCached) {
  auto outcome = run_kdt(*place_, {"bundle", k_red, "-o", "red.tar.zst"});
  ASSERT_TRUE(outcome.status.success()) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("./kdt repro red.tar.zst"));
  Place there;
  auto again = run_kdt(there, {"repro", (place_->path() / "red.tar.zst").string(), "--out", "runs/red"}, k_run_budget,
                       {{"XDG_CACHE_HOME", (there.path() / "cache").string()}});
  EXPECT_EQ(again.status.code, 1) << again.out << again.err;
  EXPECT_THAT(again.out, HasSubstr("as before: fail"));
  EXPECT_THAT(again.out, HasSubstr("boot.cpus should be 3, was 2"));
  EXPECT_THAT(read_file(there.path() / "runs/red/cells/kernel=v6.1-dma_rodata=on/qemu.args"),
              HasSubstr("runs/red/bundle/images/Image"));
  EXPECT_THAT(there.processes(), IsEmpty());
  there.write("other.tar.zst", "not a bundle");
  auto other = run_kdt(there, {"repro", "other.tar.zst"});
  EXPECT_EQ(other.status.code, 2);
  EXPECT_THAT(other.err, HasSubstr("other.tar.zst is no bundle of kdt's"));
  EXPECT_EQ(std::distance(fs::directory_iterator(there.path() / "runs"), {}), 1) << "nothing is left of it";
}

TEST_F(Repro, MinimizeNamesWhatMakesTheDifference) {
  auto outcome = run_kdt(*place_, {"minimize", k_red, "--run", "runs/first", "--out", "smallest"}, k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("it fails with rodata=on and passes with rodata=full, all else as in"));
  EXPECT_EQ(read_run(place_->path() / "smallest").cells.size(), 2U);
  expect_nothing_left();
  auto green = run_kdt(*place_, {"minimize", k_cell, "--run", "runs/first"});
  EXPECT_EQ(green.status.code, 2);
  EXPECT_THAT(green.err, HasSubstr("is no red cell"));
}

TEST_F(Repro, MinimizeRunsItsCellsThroughLibvirtWhenThatIsSaid) {
  auto outcome = run_kdt(
      *place_, {"minimize", k_red, "--run", "runs/first", "--out", "domains", "--backend", "libvirt"}, k_run_budget);
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("it fails with rodata=on and passes with rodata=full, all else as in"));
  auto run = read_run(place_->path() / "domains");
  EXPECT_EQ(run.cells.size(), 2U);
  for (const auto& cell : run.cells) EXPECT_EQ(cell.backend, "libvirt");
  expect_nothing_left();
}

TEST_F(Repro, RefusesWhatItDoesNotKnowInOneSentence) {
  auto expect = [&](const std::vector<std::string>& arguments, const std::string& words) {
    auto outcome = run_kdt(*place_, arguments);
    EXPECT_EQ(outcome.status.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(words));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  };
  expect({"repro", "kernel=v6.1-dma/rodata=ful"}, "did you mean '" + k_cell + "'?");
  expect({"repro", k_cell, "--run", "runs/none"}, "no run directory");
  expect({"repro", "runs/first"}, "a whole run");
  expect({"repro", k_cell, "--stop-after", "lod"}, "did you mean 'load'?");
  expect({"repro", k_cell, "--stop-after", "verify"}, "no kernel that could give a shell");
}

} // namespace
} // namespace kdt::e2e
