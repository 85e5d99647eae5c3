#include "base/file.hpp"
#include "matrix/judge.hpp"

#include <gmock/gmock.h>

namespace kdt::matrix {

namespace {
const Date k_day = std::chrono::year(2026) / 11 / 22;

Rules rules_of(const std::string& text) {
  TempDir directory("kdt-judge");
  write_file(directory.path() / "r.yaml", "rules:\n" + text);
  return load_expectations(directory.path() / "r.yaml");
}

const char* k_rules = "- {id: X, when: {load.loaded: true}, expect: {probe.segments: faults, probe.rest: lands}, "
                      "because: why, source: where}\n"
                      "- {id: L, expect: {load.loaded: true}, because: why, source: where}\n";

std::vector<KnownIssue> issue_of(const std::string& code, const std::string& expires, const std::string& more = "") {
  TempDir directory("kdt-judge");
  auto path = directory.path() / "k.yaml";
  write_file(path, "known_issues:\n- {id: bug, match: {version: \"<6.4\"}, code: " + code +
                       ", reason: why, tracker: t, expires: " + expires + more + "}\n");
  return load_known_issues(std::span(&path, 1));
}

const Facts k_facts{{"version", std::string("6.1")}};
const Facts k_good{
    {"load.loaded", true}, {"probe.segments", std::string("faults")}, {"probe.rest", std::string("lands")}};
const Facts k_bad{
    {"load.loaded", true}, {"probe.segments", std::string("lands")}, {"probe.rest", std::string("lands")}};
} // namespace

TEST(Judge, PassesWhenEverythingHolds) {
  auto judgement = judge(rules_of(k_rules), {}, k_facts, k_good, {}, k_day);
  EXPECT_EQ(judgement.verdict, Verdict::pass);
  EXPECT_EQ(judgement.blame, std::nullopt);
  ASSERT_EQ(judgement.expectations.size(), 3U);
  EXPECT_TRUE(judgement.expectations[0].held);
  EXPECT_EQ(judge({}, {}, k_facts, {}, {}, k_day).verdict, Verdict::pass);
}

TEST(Judge, FailsWithTheRulesReasonAsEvidence) {
  auto judgement = judge(rules_of(k_rules), {}, k_facts, k_bad, {}, k_day);
  EXPECT_EQ(judgement.verdict, Verdict::fail);
  EXPECT_EQ(judgement.blame, Blame::kernel);
  ASSERT_EQ(judgement.findings.size(), 1U);
  EXPECT_EQ(judgement.findings[0].code, "expectation");
  EXPECT_EQ(judgement.findings[0].phase, Phase::probe);
  EXPECT_EQ(judgement.findings[0].text, "probe.segments: expected faults, saw lands");
  EXPECT_THAT(judgement.findings[0].evidence, testing::Contains("because: why"));
  EXPECT_THAT(judgement.findings[0].evidence, testing::Contains("source: where"));
}

TEST(Judge, AnInfrastructureFaultOutranksEverything) {
  auto judgement = judge(rules_of(k_rules), {}, k_facts, k_bad, {make_finding("guest-lost", "QEMU was killed")}, k_day);
  EXPECT_EQ(judgement.verdict, Verdict::error);
  EXPECT_EQ(judgement.blame, Blame::infra);
}

TEST(Judge, WhatNobodyObservedIsAFindingUnlessAFailureExplainsIt) {
  auto judgement = judge(rules_of(k_rules), {}, k_facts, {{"load.loaded", true}}, {}, k_day);
  EXPECT_EQ(judgement.verdict, Verdict::error);
  EXPECT_EQ(judgement.findings[0].code, "expectation-unobserved");
  EXPECT_EQ(judgement.expectations[0].observed, std::nullopt);
  judgement = judge(rules_of(k_rules), {}, k_facts, {}, {make_finding("boot-timeout", "no hello")}, k_day);
  EXPECT_EQ(judgement.verdict, Verdict::fail);
  EXPECT_EQ(judgement.findings.size(), 1U);
}

TEST(Judge, ARefusalThatIsExpectedPasses) {
  auto rules = rules_of("- {expect: {reservation.present: false}, because: b, source: s}\n");
  EXPECT_EQ(judge(rules, {}, k_facts, {{"reservation.present", false}}, {}, k_day).verdict, Verdict::pass);
  EXPECT_EQ(judge(rules, {}, k_facts, {{"reservation.present", true}}, {}, k_day).verdict, Verdict::fail);
}

TEST(Judge, AKnownIssueMakesXfailUntilItExpires) {
  auto judgement = judge(rules_of(k_rules), issue_of("expectation", "2026-11-22"), k_facts, k_bad, {}, k_day);
  EXPECT_EQ(judgement.verdict, Verdict::xfail);
  EXPECT_EQ(judgement.known_issue, "bug: why");
  EXPECT_EQ(judge(rules_of(k_rules), issue_of("expectation", "2026-11-21"), k_facts, k_bad, {}, k_day).verdict,
            Verdict::fail);
}

TEST(Judge, AKnownIssueCoversItsOwnFindingOnly) {
  auto other = judge(rules_of(k_rules), issue_of("save-failed", "2030-01-01"), k_facts, k_bad, {}, k_day);
  EXPECT_EQ(other.verdict, Verdict::fail);
  auto rest = judge(rules_of(k_rules), issue_of("expectation", "2030-01-01", ", observation: probe.rest"), k_facts,
                    k_bad, {}, k_day);
  EXPECT_EQ(rest.verdict, Verdict::fail);
  auto more = judge(rules_of(k_rules), issue_of("expectation", "2030-01-01"), k_facts, k_bad,
                    {make_finding("save-failed", "no")}, k_day);
  EXPECT_EQ(more.verdict, Verdict::fail);
  EXPECT_EQ(more.blame, Blame::tool);
}

TEST(Judge, AKnownIssueMayBeAboutOneSentenceOnly) {
  auto issue = issue_of("oops", "2030-01-01", ", text: \"WARNING: * at one_place+*\"");
  auto verdict = [&](const char* text) {
    return judge({}, issue, k_facts, {}, {make_finding("oops", text)}, k_day).verdict;
  };
  EXPECT_EQ(verdict("WARNING: CPU: 0 PID: 1 at one_place+0x88/0xb0"), Verdict::xfail);
  EXPECT_EQ(verdict("WARNING: CPU: 0 PID: 1 at another_place+0x88/0xb0"), Verdict::fail);
}

TEST(Judge, SaysThatAnIssueWasKnownUntilItExpired) {
  auto evidence = [](const char* code, const char* expires) {
    return judge(rules_of(k_rules), issue_of(code, expires), k_facts, k_bad, {}, k_day).findings.at(0).evidence;
  };
  EXPECT_THAT(evidence("expectation", "2026-01-31"), testing::Contains("known until 2026-01-31, expired: bug: why"));
  auto silent = testing::Each(testing::Not(testing::HasSubstr("expired")));
  EXPECT_THAT(evidence("expectation", "2027-01-31"), silent);
  EXPECT_THAT(evidence("capture-panic", "2026-01-31"), silent);
}

TEST(Judge, AKnownIssueThatDoesNotShowIsAnXpassUnlessItExpiredOrDoesNotMatch) {
  auto gone = judge(rules_of(k_rules), issue_of("expectation", "2030-01-01"), k_facts, k_good, {}, k_day);
  EXPECT_EQ(gone.verdict, Verdict::xpass);
  EXPECT_EQ(gone.known_issue, "bug: why");
  EXPECT_EQ(judge(rules_of(k_rules), issue_of("expectation", "2020-01-01"), k_facts, k_good, {}, k_day).verdict,
            Verdict::pass);
  EXPECT_EQ(judge(rules_of(k_rules), issue_of("expectation", "2030-01-01"), {{"version", std::string("6.12")}}, k_good,
                  {}, k_day)
                .verdict,
            Verdict::pass);
}

TEST(Judge, NoKnownIssueExcusesTheInfrastructure) {
  auto judgement =
      judge({}, issue_of("expectation", "2030-01-01"), k_facts, {}, {make_finding("infra", "no disk")}, k_day);
  EXPECT_EQ(judgement.verdict, Verdict::error);
}

TEST(Judge, WhatMustBeExplainedAndIsNotIsNobodysPass) {
  TempDir directory("kdt-judge");
  write_file(directory.path() / "r.yaml",
             "must_explain: [reservation.present]\n"
             "rules: [{when: {version: \"5.10\"}, expect: {reservation.present: true}, because: b, source: s}]\n");
  auto rules = load_expectations(directory.path() / "r.yaml");
  auto judgement = judge(rules, {}, k_facts, {{"reservation.present", false}}, {}, k_day);
  ASSERT_EQ(judgement.findings.size(), 1U);
  EXPECT_EQ(judgement.findings[0].code, "unexplained");
  EXPECT_EQ(judgement.findings[0].phase, Phase::boot);
  EXPECT_EQ(judgement.verdict, Verdict::error);
  EXPECT_EQ(judgement.blame, Blame::usage);
  // What was not seen needs no explanation; what another rule explains is explained; a real failure outranks it.
  EXPECT_EQ(judge(rules, {}, k_facts, {}, {}, k_day).verdict, Verdict::pass);
  const Facts old{{"version", std::string("5.10")}};
  EXPECT_EQ(judge(rules, {}, old, {{"reservation.present", true}}, {}, k_day).verdict, Verdict::pass);
  auto failed = judge(rules, {}, k_facts, {{"reservation.present", true}}, {make_finding("oops", "a bug")}, k_day);
  EXPECT_EQ(failed.verdict, Verdict::fail);
}

} // namespace kdt::matrix
