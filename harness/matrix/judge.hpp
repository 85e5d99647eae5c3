#pragma once

#include "matrix/known_issues.hpp"
#include "matrix/rules.hpp"
#include "model/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kdt::matrix {

/// What a cell comes to.
struct Judgement {
  std::vector<Expected> expectations; ///< each one that applies, held or not
  std::vector<Finding> findings;      ///< those of the run, then ours: expectation, expectation-unobserved
  Verdict verdict = Verdict::pass;
  std::optional<Blame> blame; ///< of the first finding that made it red
  std::string known_issue;    ///< "name: reason" of the one that made it xfail or xpass
};

/// Judges a cell that has run. Pure: the same arguments give the same judgement, so recorded cells can be judged again.
/// facts: as complete() made them. A fault of the infrastructure makes it error, whatever else was found. Otherwise any
/// finding makes it fail, unless known issues that have not expired explain all of them: xfail. A known issue that
/// matches and whose finding did not show makes it xpass. An expectation about something unobserved, and an
/// observation that the rules promise to explain and do not, are findings only when nothing else is wrong: an earlier
/// failure explains the one, and the other says nothing of the kernel.
Judgement judge(const Rules& rules, const std::vector<KnownIssue>& issues, const Facts& facts, const Facts& observed,
                std::vector<Finding> findings, Date day);

} // namespace kdt::matrix
