#include "googletest/cell_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <memory>

namespace kdt::googletest {

namespace {

using ::testing::HasSubstr;

CellResult ended(Verdict verdict) {
  CellResult result;
  result.cell.id = "kernel=a";
  result.verdict = verdict;
  result.known_issue = "an-issue";
  if (verdict == Verdict::pass || verdict == Verdict::xpass) return result;
  result.blame = verdict == Verdict::error ? Blame::infra : Blame::kernel;
  result.findings = {make_finding(verdict == Verdict::error ? "guest-lost" : "oops", "it did", {"a line\x1b"})};
  result.findings[0].blame = *result.blame;
  return result;
}

/// What telling it adds to a running test, without adding it to ours.
std::unique_ptr<::testing::TestPartResultArray> told(Verdict verdict) {
  auto parts = std::make_unique<::testing::TestPartResultArray>();
  ::testing::ScopedFakeTestPartResultReporter reporter(
      ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, parts.get());
  tell(ended(verdict));
  return parts;
}

TEST(Tell, APassIsASuccess) {
  EXPECT_EQ(told(Verdict::pass)->size(), 0);
}

TEST(Tell, WhatIsRedIsAFailureThatSaysWhoseItIs) {
  auto fail = told(Verdict::fail);
  ASSERT_EQ(fail->size(), 1);
  EXPECT_TRUE(fail->GetTestPartResult(0).failed());
  EXPECT_THAT(fail->GetTestPartResult(0).message(), HasSubstr("fail, blame kernel, phase"));
  EXPECT_THAT(fail->GetTestPartResult(0).message(), HasSubstr("oops: it did\n  | a line\\x1b\n"));
  EXPECT_THAT(told(Verdict::error)->GetTestPartResult(0).message(), HasSubstr("error, blame infra"));
  EXPECT_THAT(told(Verdict::xpass)->GetTestPartResult(0).message(), HasSubstr("known issue 'an-issue' did not show"));
}

TEST(Tell, WhatIsExpectedToFailOrCannotRunIsASkip) {
  for (auto verdict : {Verdict::xfail, Verdict::skip}) {
    auto parts = told(verdict);
    ASSERT_EQ(parts->size(), 1);
    EXPECT_TRUE(parts->GetTestPartResult(0).skipped());
    EXPECT_THAT(parts->GetTestPartResult(0).message(), HasSubstr("it did"));
  }
}

} // namespace
} // namespace kdt::googletest
