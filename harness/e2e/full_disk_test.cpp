// A run directory on a file system that has no room: our fault, said so, and nothing hangs.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/mount.h>

namespace kdt::e2e {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* k_matrix = R"(
name: full
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, crashkernel: 256M}
axes: {memory: [1G]}
)";

/// A small file system in memory, unmounted at the end of scope.
class SmallDisk {
public:
  SmallDisk(fs::path where, ByteSize size) : where_(std::move(where)) {
    make_directories(where_);
    mounted_ = ::mount("kdt-e2e", where_.c_str(), "tmpfs", 0, fmt::format("size={}", size.bytes).c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(where_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

private:
  fs::path where_;
  bool mounted_ = false;
};

class FullDisk : public ::testing::Test {
protected:
  Outcome run_with(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"run", place_.write("full.yaml", k_matrix).string(), "--out", "disk/run"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_kdt(place_, arguments, k_run_budget);
  }
  void expect_host_fault(const Outcome& outcome) {
    EXPECT_EQ(outcome.status.code, 3) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, AnyOf(HasSubstr("free"), HasSubstr("No space left"), HasSubstr("is full")));
    EXPECT_THAT(place_.processes(), IsEmpty());
  }
  Place place_;
};

TEST_F(FullDisk, IsRefusedBeforeAGuestStartsWhenItIsKnown) {
  SmallDisk disk(place_.path() / "disk", ByteSize::mib(8));
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  expect_host_fault(run_with({}));
  auto run = read_run(place_.path() / "disk/run");
  ASSERT_EQ(run.cells.size(), 1U);
  EXPECT_EQ(run.cells[0].verdict, Verdict::error);
  EXPECT_EQ(run.cells[0].blame, Blame::infra);
  EXPECT_EQ(run.cells[0].findings.at(0).phase, Phase::prepare);
}

TEST_F(FullDisk, ThatFillsUpWhileTheDumpIsSavedIsNoFaultOfTheGuest) {
  SmallDisk disk(place_.path() / "disk", ByteSize::mib(200));
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  Program program(place_, {"run", place_.write("full.yaml", k_matrix).string(), "--out", "disk/run"});
  auto booted = [&] {
    auto cells = cell_directories(place_.path() / "disk/run");
    return !cells.empty() && EventReader(place_.path() / "disk/run/cells" / cells[0]).phase() == "load";
  };
  ASSERT_TRUE(program.wait_until(booted, Deadline::after(k_run_budget)));
  auto free = free_space(place_.path() / "disk");
  auto filler = place_.path() / "disk/filler";
  write_file(filler, std::string(free.bytes - ByteSize::kib(512).bytes, 'x'));
  auto outcome = program.finish(Deadline::after(k_run_budget));
  expect_host_fault(outcome);
  EXPECT_THAT(outcome.out + outcome.err, testing::Not(HasSubstr("bug:")));
  auto run = read_run(place_.path() / "disk/run"); // half a dump is not kept: the journal and the reports found room
  ASSERT_EQ(run.cells.size(), 1U);
  EXPECT_EQ(run.cells[0].findings.at(0).code, "host-disk");
  fs::remove(filler);
  auto resumed = run_kdt(place_, {"run", (place_.path() / "full.yaml").string(), "--resume", "disk/run"}, k_run_budget);
  EXPECT_EQ(resumed.status.code, 0) << resumed.out << resumed.err;
}

TEST_F(FullDisk, ThatHoldsNotEvenTheJournalIsOneSentence) {
  SmallDisk disk(place_.path() / "disk", ByteSize::kib(64));
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  auto filler = place_.path() / "disk/filler";
  write_file(filler, std::string(free_space(place_.path() / "disk").bytes - 4096, 'x'));
  expect_host_fault(run_with({}));
}

} // namespace
} // namespace kdt::e2e
