#include "model/flakes.hpp"

#include <gtest/gtest.h>

namespace kdt {
namespace {

CellResult one(const std::string& id, Verdict verdict, int attempts = 1) {
  CellResult cell;
  cell.cell.id = id;
  cell.verdict = verdict;
  cell.attempts = attempts;
  if (verdict == Verdict::fail) cell.findings.push_back(make_finding("capture-timeout", "it stood still"));
  return cell;
}

/// R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), table I, method 3.
TEST(Share, IntervalsAreThoseInPrint) {
  struct Printed {
    Share share;
    double low, high;
  };
  for (const auto& [share, low, high] : {Printed{{81, 263}, 0.2553, 0.3662}, Printed{{15, 148}, 0.0624, 0.1605},
                                         Printed{{0, 20}, 0, 0.1611}, Printed{{1, 29}, 0.0061, 0.1718}}) {
    EXPECT_NEAR(share.low(), low, 1e-4) << share.count;
    EXPECT_NEAR(share.high(), high, 1e-4) << share.count;
  }
}

TEST(Share, EndsAreExact) {
  EXPECT_EQ((Share{0, 20}.low()), 0);
  EXPECT_EQ((Share{20, 20}.high()), 1);
  EXPECT_EQ((Share{0, 0}.low()), 0);
  EXPECT_EQ((Share{0, 0}.high()), 1);
}

TEST(Share, IsSaidWithItsInterval) {
  EXPECT_EQ(to_string(Share{2, 20}), "2 of 20: 10 % (2.8 to 30.1 %)");
  EXPECT_EQ(to_string(Share{1, 3}), "1 of 3: 33.3 % (6.1 to 79.2 %)");
  EXPECT_EQ(to_string(Share{0, 0}), "0 of 0");
}

TEST(Repeats, KernelAndInfrastructureAreCountedApart) {
  auto all = repeats_of({one("a", Verdict::pass), one("b", Verdict::pass), one("a#2", Verdict::fail),
                         one("a#3", Verdict::error, 2), one("a#4", Verdict::pass, 3), one("a#5", Verdict::skip)});
  ASSERT_EQ(all.size(), 1U) << "b ran once";
  const auto& a = all[0];
  EXPECT_EQ(a.cell, "a");
  EXPECT_EQ(a.runs, 5);
  EXPECT_EQ(a.failed.count, 1);
  EXPECT_EQ(a.failed.of, 3); // neither the error nor the skip
  EXPECT_EQ(a.infra.count, 2 + 2);
  EXPECT_EQ(a.infra.of, 1 + 1 + 2 + 3);
  EXPECT_TRUE(a.flaky());
  EXPECT_EQ(a.codes.at("capture-timeout"), 1);
}

TEST(Repeats, WhatAlwaysFailsIsNoFlake) {
  EXPECT_FALSE(repeats_of({one("a", Verdict::fail), one("a#2", Verdict::fail)})[0].flaky());
  EXPECT_FALSE(repeats_of({one("a", Verdict::pass), one("a#2", Verdict::xfail)})[0].flaky());
  EXPECT_FALSE(repeats_of({one("a", Verdict::pass), one("a#2", Verdict::error)})[0].flaky());
  EXPECT_TRUE(repeats_of({one("a", Verdict::pass), one("a#2", Verdict::xpass)})[0].flaky());
}

TEST(ExperimentId, LeavesOutTheRepeatOnly) {
  EXPECT_EQ(experiment_id("kernel=a/x=1#12"), "kernel=a/x=1");
  EXPECT_EQ(experiment_id("kernel=a/cmdline=b#c"), "kernel=a/cmdline=b#c");
  EXPECT_EQ(experiment_id("a#"), "a#");
  EXPECT_EQ(experiment_id("a"), "a");
}

} // namespace
} // namespace kdt
