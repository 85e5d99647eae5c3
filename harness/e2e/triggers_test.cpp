// A panic in a hard interrupt on a chosen CPU, and a capture kernel that panics, too. What other panics than the
// trigger's own lead to is shown on recorded consoles (matrix/triggers_test.cpp).

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;

constexpr const char* k_matrix = R"(name: triggers
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M, rodata: full}
include:
- {trigger: panic-irq, trigger_cpu: 1}
- {trigger: sysrq-c, capture_trigger: sysrq-c}
)";

TEST(TriggersEndToEnd, APanicIsHeldAgainstItsTriggerAndASecondOneIsJudged) {
  Place place;
  auto matrix = place.write("triggers.yaml", k_matrix).string();
  auto outcome = run_kdt(place, {"run", matrix, "-j", "2", "--out", "run", "--keep", "none"}, k_run_budget);
  EXPECT_EQ(outcome.status.code, 1) << outcome.out << outcome.err;
  auto run = read_run(place.path() / "run");
  ASSERT_EQ(run.cells.size(), 2U) << outcome.err;

  const auto& asked_for = cell_with(run, "panic-irq");
  EXPECT_EQ(asked_for.verdict, Verdict::pass) << findings_text(run);
  EXPECT_THAT(to_string(asked_for.observed.at("panic.line")), HasSubstr("in a hard interrupt on CPU 1"));
  EXPECT_EQ(asked_for.observed.at("vmcore.crashed_cpu"), Value(std::int64_t{1}));
  EXPECT_THAT(to_string(asked_for.observed.at("vmcore.crash_stack")), HasSubstr("hrtimer_interrupt+"));

  const auto& twice = cell_with(run, "capture_trigger"); // no rule of this matrix expects it
  EXPECT_EQ(twice.verdict, Verdict::fail) << findings_text(run);
  ASSERT_EQ(twice.findings.size(), 1U) << findings_text(run);
  EXPECT_EQ(twice.findings[0].code, "capture-panic");
}

} // namespace
} // namespace kdt::e2e
