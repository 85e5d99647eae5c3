#include "vmcore/crash_judge.hpp"
#include "vmcore/tiny_vmcore.hpp"

#include <gmock/gmock.h>

using namespace kdt;
using namespace kdt::vmcore;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr std::uint64_t k_code = tiny::k_virtual + 13 * tiny::k_page;
const KernelMap k_map{.addresses = tiny::crash_addresses(), .name = tiny::code_at};
const std::vector<CpuRegisters> k_notes(2);
constexpr std::string_view k_log = "[    0.5] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0 #1\n"
                                   "[    1.0] Kernel panic - not syncing: x\n"
                                   "[    1.0] CPU: 1 PID: 77 Comm: sh Kdump: loaded Not tainted 6.1.0 #1\n"
                                   "[    1.1] CPU: 0 PID: 0 Comm: swapper/0 Not tainted 6.1.0 #1\n";

CrashState good() {
  return {.kernel_offset = 0,
          .text = tiny::k_virtual,
          .banner = "Linux version 6.1.0-tiny (gcc)",
          .panic_cpu = 1,
          .notes_kept = true,
          .cpus = {{.stack = {k_code + 0x10}, .cpu = 0, .task = "swapper/0"},
                   {.stack = {k_code + 0x110, k_code + 0x220, 0xffff800012345678}, .cpu = 1, .task = "sh"}}};
}

template <typename Change>
CrashState with(Change change) {
  auto state = good();
  change(state);
  return state;
}

std::vector<std::string> codes(const std::vector<Finding>& findings) {
  std::vector<std::string> codes;
  for (const auto& finding : findings) codes.push_back(finding.code);
  return codes;
}

std::vector<std::string> crash_codes(const CrashState& state, std::string_view log = k_log) {
  return codes(judge_crash(state, k_notes, log, "Kernel panic", k_map));
}

std::vector<std::string> offset_codes(const CrashState& state, std::string_view release = "6.1.0-tiny",
                                      bool whole = true) {
  return codes(judge_kernel_offset(state, release, k_map, whole));
}

} // namespace

TEST(CrashJudge, AcceptsACrashThatIsAsItShouldBe) {
  EXPECT_THAT(crash_codes(good()), IsEmpty());
  EXPECT_THAT(crash_codes(good(), "no log"), IsEmpty());
  EXPECT_THAT(offset_codes(good()), IsEmpty());
}

TEST(CrashJudge, NamesAWrongOffset) {
  EXPECT_THAT(offset_codes(with([](auto& s) { s.kernel_offset = 0x10000; })), ElementsAre("vmcore-kaslr"));
  EXPECT_THAT(offset_codes(with([](auto& s) { s.text = tiny::k_virtual + 0x10000; })), ElementsAre("vmcore-kaslr"));
  EXPECT_THAT(offset_codes(with([](auto& s) { s.banner = ""; })), ElementsAre("vmcore-kaslr"));
  EXPECT_THAT(offset_codes(good(), "6.1.0"), ElementsAre("vmcore-kaslr"));
}

TEST(CrashJudge, ABannerInMissingMemoryIsNoWrongOffset) {
  auto offset = [](auto change) { return offset_codes(with(change), "6.1.0-tiny", false); };
  EXPECT_THAT(offset([](auto& s) { s.banner = ""; }), IsEmpty());
  EXPECT_THAT(offset([](auto& s) { s.banner = "something else"; }), ElementsAre("vmcore-kaslr"));
  EXPECT_THAT(offset([](auto& s) { s.kernel_offset = 0x10000, s.banner = ""; }), ElementsAre("vmcore-kaslr"));
}

TEST(CrashJudge, NamesNotesThatAreSwappedOrNobodys) {
  EXPECT_THAT(crash_codes(with([](auto& s) { std::swap(s.cpus[0], s.cpus[1]); })), ElementsAre("vmcore-cpu-notes"));
  EXPECT_THAT(crash_codes(with([](auto& s) { s.cpus[0].cpu.reset(); })), ElementsAre("vmcore-cpu-notes"));
  EXPECT_THAT(crash_codes(with([](auto& s) {
                s.notes_kept = false; // nothing to compare with
                s.cpus[0].cpu.reset();
              })),
              IsEmpty());
}

TEST(CrashJudge, NamesAStackThatLeadsNowhere) {
  EXPECT_THAT(crash_codes(with([](auto& s) { s.cpus[1].stack = {0xffff800012345678}; })),
              ElementsAre("vmcore-crash-stack"));
}

TEST(CrashJudge, HoldsTheTaskAgainstTheLog) {
  EXPECT_THAT(crash_codes(with([](auto& s) { s.cpus[1].task = "init"; })), ElementsAre("vmcore-task"));
  EXPECT_THAT(crash_codes(good(), "Kernel panic\n[ 1.0] CPU: 0 PID: 1 Comm: sh Tainted: G\n"),
              ElementsAre("vmcore-task"));
  EXPECT_THAT(crash_codes(good(), "Kernel panic\n[ 1.0] CPU: 1 UID: 0 PID: 77 Comm: sh Tainted: G\n"), IsEmpty());
  // Another CPU may have something to say meanwhile.
  EXPECT_THAT(crash_codes(good(), "Kernel panic\n[ 1.0] CPU: 0 PID: 1 Comm: init Not tainted 6\n"
                                  "[ 1.0] CPU: 1 PID: 77 Comm: sh Not tainted 6\n"),
              IsEmpty());
}

TEST(CrashJudge, NamesWhereTheCpusStand) {
  Facts facts;
  observe_crash(good(), "", "", k_map, facts);
  using Lines = std::vector<std::string>;
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.crashed_cpu")), 1);
  EXPECT_EQ(std::get<std::string>(facts.at("vmcore.crashed_task")), "sh");
  EXPECT_THAT(std::get<Lines>(facts.at("vmcore.crash_stack")),
              ElementsAre("panic+0x10", "sysrq_handle_crash+0x1c", "0xffff800012345674"));
  EXPECT_THAT(std::get<Lines>(facts.at("vmcore.cpu_stands")),
              ElementsAre("0: idle+0x10 in swapper/0", "1: panic+0x10 in sh"));
}

TEST(CrashJudge, ATaskThatIsNotInTheDumpIsMissedAndNamedByTheLog) {
  auto state = with([](auto& s) { s.cpus[1].task = "", s.cpus[1].task_missing = true; });
  EXPECT_THAT(crash_codes(state), ElementsAre("vmcore-task-missing"));
  Facts facts;
  observe_crash(
      state,
      "Kernel panic\n[ 1.0] CPU: 0 PID: 1 Comm: init Not tainted 6\n[ 1.0] CPU: 1 PID: 7 Comm: sh Not tainted 6\n",
      "Kernel panic", k_map, facts);
  EXPECT_EQ(std::get<std::string>(facts.at("vmcore.crashed_task")), "sh");
  EXPECT_TRUE(std::get<bool>(facts.at("vmcore.task_missing")));
  Facts silent;
  observe_crash(state, "Kernel panic\n", "Kernel panic", k_map, silent);
  EXPECT_FALSE(silent.contains("vmcore.crashed_task"));
}

TEST(CrashJudge, NamesTheCallerOfAFunctionThatNeverReturns) {
  EXPECT_THAT(named({k_code + 0x100, k_code + 0x200}, good(), k_map), ElementsAre("panic+0x0", "panic+0xfc"));
}

TEST(CrashJudge, TakesTheSignatureOffAReturnAddress) {
  auto signed_address = (k_code + 0x220) & 0x00ff'ffff'ffff'ffff;
  EXPECT_THAT(named({signed_address}, good(), k_map), ElementsAre("sysrq_handle_crash+0x20"));
}
