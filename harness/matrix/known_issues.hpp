#pragma once

#include "matrix/rules.hpp"

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace kdt::matrix {

/// The day on which a run is judged.
using Date = std::chrono::year_month_day;

/// Today in UTC.
Date today();
/// Reads 2027-01-31; nullopt for another form or a day that no calendar has.
std::optional<Date> parse_date(std::string_view text);

/// A failure that is known: where it shows, how, why it is tolerated, and until when.
struct KnownIssue {
  std::string name;           ///< id as given, else the tracker
  std::vector<Matcher> match; ///< of facts and observations; all must hold
  std::string code;           ///< of the finding that it explains
  std::string observation;    ///< of an expectation finding: only this one; empty: any
  std::string text;           ///< glob that the finding's text must match; empty: any
  std::string reason;
  std::string tracker; ///< a bug's address or a commit
  Date expires;        ///< the last day on which it counts

  bool expired(Date day) const { return expires < day; }
};

/// Reads `known_issues:` of YAML files: a list of {id, match, code, observation, text, reason, tracker, expires}.
/// Throws Error{usage} with file:line:column.
std::vector<KnownIssue> load_known_issues(std::span<const std::filesystem::path> paths);

} // namespace kdt::matrix
