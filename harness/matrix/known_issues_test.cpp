#include "base/file.hpp"
#include "matrix/known_issues.hpp"

#include <gtest/gtest.h>

namespace kdt::matrix {

TEST(ParseDate, KnowsTheCalendar) {
  using namespace std::chrono;
  EXPECT_EQ(parse_date("2028-02-29"), Date(year(2028) / 2 / 29));
  for (const char* text : {"2027-02-29", "2027-13-01", "2027-1-1", "2027/01/01", "27-01-01", "", "2027-01-0x"})
    EXPECT_EQ(parse_date(text), std::nullopt) << text;
}

TEST(KnownIssue, ExpiresAfterItsLastDay) {
  using namespace std::chrono;
  KnownIssue issue;
  issue.expires = year(2027) / 1 / 31;
  EXPECT_FALSE(issue.expired(year(2027) / 1 / 31));
  EXPECT_TRUE(issue.expired(year(2027) / 2 / 1));
}

TEST(LoadKnownIssues, ReadsEveryKey) {
  TempDir directory("kdt-issues");
  auto path = directory.path() / "k.yaml";
  write_file(path, "known_issues:\n- {id: x, match: {version: 6.12}, code: expectation, observation: probe.rest, "
                   "reason: why, tracker: bug 1, expires: 2027-01-31}\n");
  auto issues = load_known_issues(std::span(&path, 1));
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].name, "x");
  EXPECT_EQ(issues[0].code, "expectation");
  EXPECT_EQ(issues[0].observation, "probe.rest");
  EXPECT_EQ(issues[0].match.size(), 1U);
}

TEST(LoadKnownIssues, RefusesTheSameIdTwiceAndLetsATrackerBeShared) {
  TempDir directory("kdt-issues");
  auto path = directory.path() / "k.yaml";
  auto load = [&](const std::string& first, const std::string& second) -> std::string {
    std::string text = "known_issues:\n";
    for (const auto& id : {first, second})
      text += "- {" + id + "match: {version: 6.12}, code: expectation, reason: why, tracker: t, expires: 2027-01-31}\n";
    write_file(path, text);
    try {
      load_known_issues(std::span(&path, 1));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(load("", ""), "");
  EXPECT_EQ(load("id: a, ", "id: b, "), "");
  EXPECT_EQ(load("id: a, ", "id: a, "), path.string() + ":3:8: a known issue with the id 'a' is already there");
}

} // namespace kdt::matrix
