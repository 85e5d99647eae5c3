// Damages that a vmcore can suffer: each is found with its own code, and the undamaged dump is never accused. What
// these hand-made dumps show, harness/e2e/verify_test.cpp shows with dumps of a real kernel.

#include "base/file.hpp"
#include "kdt/canary.h"
#include "vmcore/tiny_vmcore.hpp"
#include "vmcore/verify.hpp"

#include <gmock/gmock.h>

using namespace kdt;
using namespace kdt::vmcore;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr std::uint64_t k_key = 0x5eed;
constexpr std::uint64_t k_canary = 14, k_user = 15; // pages

void plant(tiny::Memory& memory) {
  for (auto at = k_canary * tiny::k_page; at < (k_user + 1) * tiny::k_page; at += 8)
    memory.put<std::uint64_t>(at, kdt_canary_word(k_key, tiny::k_physical + at));
}

PhysRange pages(std::uint64_t first, std::uint64_t end) {
  return {{tiny::k_physical + first * tiny::k_page}, {tiny::k_physical + end * tiny::k_page}};
}

class Detection : public testing::Test {
protected:
  Detection() {
    plant(memory_);
    memory_.left_out.insert(k_user);
    expectation_.release = "6.1.0-tiny";
    expectation_.nonce = "abc";
    expectation_.cpus = 2;
    expectation_.panic_markers = {"Kernel panic - not syncing"};
    expectation_.system_ram = {pages(0, 32)};
    expectation_.crash_regions = {pages(16, 32)};
    expectation_.canary_key = k_key;
    expectation_.canaries = {{"kernel", pages(k_canary, 16).start}, {"user", pages(k_user, 16).start}};
    expectation_.filter = 31;
    expectation_.map = KernelMap{.addresses = tiny::crash_addresses(), .name = tiny::code_at};
    expectation_.console = "[    1.000001] kdt: nonce abc\n[    2.000002] Kernel panic - not syncing: test\n";
  }

  std::vector<std::string> codes() { return codes(tiny::kdump(memory_, cpus_)); }
  std::vector<std::string> codes(const std::string& bytes) {
    Subject subject;
    subject.vmcore = directory_.path() / "vmcore";
    write_file(subject.vmcore, bytes);
    auto report = verify(subject, expectation_, verify_limits(subject), Deadline::after(std::chrono::seconds(120)));
    facts_ = report.facts;
    std::vector<std::string> codes;
    for (const auto& finding : report.findings) codes.push_back(finding.code);
    return codes;
  }

  TempDir directory_{"kdt-detection"};
  tiny::Memory memory_ = tiny::kernel({"kdt: nonce abc", "Kernel panic - not syncing: test"});
  std::vector<tiny::Cpu> cpus_ = tiny::crash(memory_);
  Expectation expectation_;
  Facts facts_;
};

} // namespace

TEST_F(Detection, AnUndamagedDumpIsNotAccused) {
  EXPECT_THAT(codes(), IsEmpty());
  EXPECT_THAT(codes(tiny::flattened(tiny::kdump(memory_, cpus_))), IsEmpty());
  EXPECT_EQ(std::get<std::int64_t>(facts_.at("vmcore.canaries_intact")), 1);
  EXPECT_EQ(std::get<std::int64_t>(facts_.at("vmcore.canaries_left_out")), 1);
  EXPECT_EQ(std::get<std::int64_t>(facts_.at("vmcore.console_lines")), 2);
  EXPECT_EQ(std::get<std::int64_t>(facts_.at("vmcore.crashed_cpu")), 1);
  EXPECT_EQ(std::get<std::string>(facts_.at("vmcore.crashed_task")), "sh");
  EXPECT_THAT(std::get<std::vector<std::string>>(facts_.at("vmcore.crash_stack")),
              ElementsAre("panic+0x10", "sysrq_handle_crash+0x1c"));
}

TEST_F(Detection, OneFlippedByteOfACanary) {
  memory_.bytes[k_canary * tiny::k_page + 1234] ^= 0x10;
  EXPECT_THAT(codes(), ElementsAre("vmcore-canary-damaged"));
}

TEST_F(Detection, AMissingPage) {
  memory_.left_out.insert(k_canary);
  EXPECT_THAT(codes(), ElementsAre("vmcore-canary-missing"));
}

TEST_F(Detection, AnyMissingPageWhereTheFilterLeavesNoneOut) {
  expectation_.filter = 0;
  memory_.left_out.clear();
  EXPECT_THAT(codes(), IsEmpty());
  memory_.left_out.insert(13);
  EXPECT_THAT(codes(), ElementsAre("vmcore-memory-missing"));
}

TEST_F(Detection, APageThatShouldHaveBeenLeftOut) {
  memory_.left_out.clear();
  EXPECT_THAT(codes(), ElementsAre("vmcore-filter"));
}

TEST_F(Detection, AMissingBank) {
  for (std::uint64_t page : {13, 14, 15}) memory_.lost.insert(page);
  EXPECT_THAT(codes(), ElementsAre("vmcore-memory-missing", "vmcore-canary-missing"));
}

TEST_F(Detection, PagesOfTheCrashRegion) {
  expectation_.system_ram = {pages(0, 16)};
  expectation_.crash_regions = {pages(11, 13)};
  EXPECT_THAT(codes(), ElementsAre("vmcore-memory-foreign"));
}

TEST_F(Detection, AStaleDump) {
  expectation_.nonce = "abd";
  expectation_.canary_key = k_key + 1;
  EXPECT_THAT(codes(), ElementsAre("vmcore-other-run"));
}

TEST_F(Detection, SwappedNotes) {
  std::swap(cpus_[0], cpus_[1]);
  EXPECT_THAT(codes(), ElementsAre("vmcore-cpu-notes"));
}

TEST_F(Detection, ACutFile) {
  auto dump = tiny::kdump(memory_, cpus_);
  for (auto page : {1, 2, 8}) // the last page is not stored; what is cut off after the one before it is not missed
    EXPECT_THAT(codes(dump.substr(0, dump.size() - static_cast<std::size_t>(page) * tiny::k_page - 1)),
                ElementsAre("vmcore-truncated"));
}

TEST_F(Detection, AWrongOffsetOfKaslr) {
  auto good = memory_.vmcoreinfo;
  auto at = good.find("KERNELOFFSET=0");
  memory_.vmcoreinfo.replace(at, 14, "KERNELOFFSET=8");
  EXPECT_THAT(codes(), ElementsAre("vmcore-kaslr"));
  // All of vmcoreinfo may be moved alike: then nothing is at its place.
  memory_.vmcoreinfo = good;
  expectation_.map->addresses = tiny::crash_addresses(0x10000);
  EXPECT_THAT(codes(), ElementsAre("vmcore-kaslr"));
}

TEST_F(Detection, PageTablesThatAreNotWhereTheySay) {
  auto at = memory_.vmcoreinfo.find("SYMBOL(swapper_pg_dir)=ffff8");
  memory_.vmcoreinfo.replace(at, 28, "SYMBOL(swapper_pg_dir)=ffff9");
  expectation_.map.reset();
  EXPECT_THAT(codes(), Contains(testing::AnyOf("vmcore-unreadable", "vmcore-no-log")));
}

TEST_F(Detection, ALogThatTheConsoleContradicts) {
  expectation_.console = "[    1.000001] kdt: nonce abc\n[    1.500000] something else\n"
                         "[    2.000002] Kernel panic - not syncing: test\n";
  EXPECT_THAT(codes(), ElementsAre("vmcore-log-differs"));
}
