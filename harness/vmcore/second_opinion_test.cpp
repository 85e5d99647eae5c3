#include "base/file.hpp"
#include "vmcore/second_opinion.hpp"

#include <gmock/gmock.h>

namespace kdt::vmcore {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const fs::path k_testdata{KDT_TESTDATA};

SecondOpinion opinion() {
  return read_crash_output("     RELEASE: 6.1.0-tiny\n        CPUS: 2\n"
                           "PID: 77       TASK: ffff0000030c0000  CPU: 1    COMMAND: \"agent\"\n"
                           " #0 [ffff80000a0bbb50] crash_setup_regs at ffffb6d1f3c3a9b4\n"
                           " #1 [ffff80000a0bbc10] panic at ffffb6d1f3c3aa00\n"
                           "[    1.000001] kdt: nonce abc\n[    2.000002] Kernel panic - not syncing: test\n");
}

const std::string k_log = "[    1.000001] kdt: nonce abc\n[    2.000002] Kernel panic - not syncing: test\n";

Facts own() {
  return {{"vmcore.release", std::string("6.1.0-tiny")},
          {"vmcore.cpus", std::int64_t{2}},
          {"vmcore.crashed_task", std::string("agent")},
          {"vmcore.crashed_cpu", std::int64_t{1}},
          {"vmcore.crash_stack", std::vector<std::string>{"panic+0x1c", "sysrq_handle_crash+0x1c"}}};
}

std::vector<std::string> codes(const std::vector<Finding>& findings) {
  std::vector<std::string> codes;
  for (const auto& finding : findings) codes.push_back(finding.code);
  return codes;
}

} // namespace

TEST(ReadCrashOutput, FindsWhatIsCompared) {
  auto said = opinion();
  EXPECT_EQ(said.release, "6.1.0-tiny");
  EXPECT_EQ(said.cpus, 2u);
  EXPECT_EQ(said.task, "agent");
  EXPECT_EQ(said.pid, 77);
  EXPECT_EQ(said.cpu, 1u);
  EXPECT_THAT(said.stack, ElementsAre("crash_setup_regs", "panic"));
  EXPECT_THAT(said.log,
              ElementsAre("[    1.000001] kdt: nonce abc", "[    2.000002] Kernel panic - not syncing: test"));
}

TEST(ReadCrashOutput, JunkIsNoOpinion) {
  EXPECT_THAT(codes(compare(own(), k_log, read_crash_output("crash: invalid\n\n#\n[]\n[x] y\n"))),
              ElementsAre("opinion-failed"));
}

TEST(Compare, TwoReadingsOfOneDumpAgree) {
  EXPECT_THAT(compare(own(), k_log, opinion()), IsEmpty());
  EXPECT_THAT(compare({}, "", opinion()), IsEmpty()); // what we do not know is not held against crash
}

TEST(Compare, EachDifferenceIsAFindingWithBothAnswers) {
  auto facts = own();
  facts["vmcore.crashed_task"] = std::string("swapper/1");
  auto findings = compare(facts, k_log, opinion());
  ASSERT_THAT(codes(findings), ElementsAre("opinions-differ"));
  EXPECT_THAT(findings[0].evidence, ElementsAre("kdt: swapper/1", "crash: agent"));
  facts = own();
  facts["vmcore.cpus"] = std::int64_t{1};
  facts["vmcore.crashed_cpu"] = std::int64_t{0};
  facts["vmcore.release"] = std::string("6.1.0-other");
  EXPECT_EQ(compare(facts, k_log, opinion()).size(), 3u);
}

TEST(Compare, ALogThatLacksALineOrSaysSomethingElse) {
  EXPECT_THAT(codes(compare(own(), k_log.substr(0, 30), opinion())), ElementsAre("opinions-differ"));
  auto other = k_log;
  other[20] = 'X';
  auto findings = compare(own(), other, opinion());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].evidence[0], testing::HasSubstr("line 1"));
}

TEST(Compare, StacksMayDifferAtTheirEndsAndNotAltogether) {
  auto facts = own();
  facts["vmcore.crash_stack"] = std::vector<std::string>{"crash_setup_regs+0x4", "panic+0x1c", "die+0x10", "el1t+0x1"};
  EXPECT_THAT(compare(facts, k_log, opinion()), IsEmpty());
  facts["vmcore.crash_stack"] = std::vector<std::string>{"cpu_do_idle+0x4", "do_idle+0x10"};
  EXPECT_THAT(codes(compare(facts, k_log, opinion())), ElementsAre("opinions-differ"));
}

} // namespace kdt::vmcore
