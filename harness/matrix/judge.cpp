#include "matrix/judge.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace kdt::matrix {

namespace {
bool is_infra(const Finding& finding) {
  return finding.blame == Blame::infra || finding.blame == Blame::usage;
}

/// The phase that makes an observation, by the first word of its name.
Phase phase_of(std::string_view observation) {
  static constexpr std::pair<std::string_view, Phase> k_phases_of[] = {
      {"boot", Phase::boot},   {"reservation", Phase::boot},   {"load", Phase::load},       {"grow", Phase::load},
      {"shrink", Phase::load}, {"shrink_loaded", Phase::load}, {"map", Phase::probe},       {"hostmap", Phase::probe},
      {"probe", Phase::probe}, {"panic", Phase::trigger},      {"capture", Phase::capture}, {"save", Phase::save}};
  auto word = observation.substr(0, observation.find('.'));
  for (const auto& [prefix, phase] : k_phases_of)
    if (prefix == word) return phase;
  return Phase::verify;
}

std::vector<std::string> evidence(const Rule& rule) {
  return {"because: " + rule.because, "source: " + rule.source, fmt::format("rule: {} ({})", rule.id, rule.place)};
}

Finding expectation_finding(const Rule& rule, const Expected& expected) {
  auto finding = make_finding(rule.finding,
                              fmt::format("{}: expected {}, saw {}", expected.observation, expected.expected,
                                          expected.observed.value_or("nothing")),
                              evidence(rule));
  finding.phase = phase_of(expected.observation);
  return finding;
}

Finding unobserved_finding(const Rule& rule, const Expected& expected) {
  auto finding = make_finding(
      "expectation-unobserved",
      expected.observed
          ? fmt::format("{}: {} cannot be decided: a value that it is compared with was not observed",
                        expected.observation, expected.expected)
          : fmt::format("{}: expected {}, but it was not observed", expected.observation, expected.expected),
      evidence(rule));
  finding.phase = phase_of(expected.observation);
  return finding;
}

bool explains(const KnownIssue& issue, const Finding& finding) {
  if (issue.code != finding.code) return false;
  if (!issue.text.empty() && !glob_matches(issue.text, finding.text)) return false;
  return issue.observation.empty() || finding.text.starts_with(issue.observation + ":");
}

Finding unexplained_finding(const Name& name, const Value& value) {
  auto finding = make_finding(
      "unexplained", fmt::format("{}: saw {}, and no rule says what it should be here", name.name, show(name, value)));
  finding.phase = phase_of(name.name);
  return finding;
}

/// Holds every expectation that applies against what was observed.
void check_expectations(const Rules& rules, const View& view, Judgement& judgement) {
  std::vector<Finding> unobserved;
  auto holding = applicable(rules, view.facts, *view.observed);
  for (const auto* name : unexplained(rules, holding))
    if (const auto* value = kdt::find(*view.observed, name->name))
      unobserved.push_back(unexplained_finding(*name, *value));
  for (const auto* rule : holding) {
    for (const auto& matcher : rule->expect) {
      const auto* value = kdt::find(*view.observed, matcher.about().name);
      auto answer = matcher.matches(view);
      Expected expected{.observation = std::string(matcher.about().name),
                        .expected = matcher.explain(view),
                        .observed = value ? std::optional(show(matcher.about(), *value)) : std::nullopt,
                        .held = answer == Answer::yes,
                        .rule = rule->id,
                        .because = rule->because,
                        .source = rule->source};
      if (answer == Answer::no) judgement.findings.push_back(expectation_finding(*rule, expected));
      if (answer == Answer::unknown) unobserved.push_back(unobserved_finding(*rule, expected));
      judgement.expectations.push_back(std::move(expected));
    }
  }
  if (judgement.findings.empty()) judgement.findings = std::move(unobserved);
}

std::string sentence(const KnownIssue& issue) {
  return fmt::format("{}: {}", issue.name, issue.reason);
}

/// Known issues that match this cell and still count.
std::vector<const KnownIssue*> live_issues(const std::vector<KnownIssue>& issues, const View& view, Date day) {
  std::vector<const KnownIssue*> live;
  for (const auto& issue : issues) {
    auto holds = [&](const Matcher& matcher) { return matcher.matches(view) == Answer::yes; };
    if (!issue.expired(day) && std::ranges::all_of(issue.match, holds)) live.push_back(&issue);
  }
  return live;
}

/// Says of each finding that an expired issue knew it.
void recall_expired(Judgement& judgement, const std::vector<KnownIssue>& issues, const View& view, Date day) {
  for (const auto& issue : issues) {
    auto holds = [&](const Matcher& matcher) { return matcher.matches(view) == Answer::yes; };
    if (!issue.expired(day) || !std::ranges::all_of(issue.match, holds)) continue;
    for (auto& finding : judgement.findings)
      if (explains(issue, finding))
        finding.evidence.push_back(fmt::format(
            "known until {:04}-{:02}-{:02}, expired: {}", static_cast<int>(issue.expires.year()),
            static_cast<unsigned>(issue.expires.month()), static_cast<unsigned>(issue.expires.day()), sentence(issue)));
  }
}

void decide(Judgement& judgement, const std::vector<const KnownIssue*>& live) {
  const auto& findings = judgement.findings;
  if (auto infra = std::ranges::find_if(findings, is_infra); infra != findings.end()) {
    judgement.verdict = Verdict::error;
    judgement.blame = infra->blame;
    return;
  }
  auto explained = [&](const Finding& finding) {
    return std::ranges::any_of(live, [&](const KnownIssue* issue) { return explains(*issue, finding); });
  };
  auto shows = [&](const KnownIssue* issue) {
    return std::ranges::any_of(findings, [&](const Finding& finding) { return explains(*issue, finding); });
  };
  if (auto red = std::ranges::find_if_not(findings, explained); red != findings.end()) {
    judgement.verdict = Verdict::fail;
    judgement.blame = red->blame;
    return;
  }
  if (auto gone = std::ranges::find_if_not(live, shows); gone != live.end()) {
    judgement.verdict = Verdict::xpass;
    judgement.known_issue = sentence(**gone);
  } else if (!findings.empty()) {
    judgement.verdict = Verdict::xfail;
    judgement.blame = findings[0].blame;
    judgement.known_issue = sentence(**std::ranges::find_if(live, shows));
  }
}
} // namespace

Judgement judge(const Rules& rules, const std::vector<KnownIssue>& issues, const Facts& facts, const Facts& observed,
                std::vector<Finding> findings, Date day) {
  Judgement judgement;
  judgement.findings = std::move(findings);
  View view{facts, &observed};
  check_expectations(rules, view, judgement);
  recall_expired(judgement, issues, view, day);
  decide(judgement, live_issues(issues, view, day));
  return judgement;
}

} // namespace kdt::matrix
