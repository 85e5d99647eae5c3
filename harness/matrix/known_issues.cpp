#include "matrix/known_issues.hpp"

#include "base/text.hpp"
#include "model/finding.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace kdt::matrix {

namespace {
const std::vector<std::string> k_keys{"id", "match", "code", "observation", "text", "reason", "tracker", "expires"};

KnownIssue read_issue(const YamlFile& file, const YamlNode& node) {
  constexpr std::string_view what = "a known issue";
  file.check_map(node, what, k_keys);
  auto text = [&](std::string_view key) {
    const auto& value = file.required(node, key, what);
    const auto& found = file.scalar(value, key);
    if (trim(found).empty()) throw file.error(value, fmt::format("'{}' is empty", key));
    return found;
  };
  KnownIssue issue;
  issue.match = read_matchers(file, file.required(node, "match", what), "match", all_names());
  issue.code = text("code");
  issue.reason = text("reason");
  if (node.find("text") != nullptr) issue.text = text("text");
  issue.tracker = text("tracker");
  issue.name = node.find("id") != nullptr ? text("id") : issue.tracker;
  const auto* code = find_code(issue.code);
  std::vector<std::string> codes;
  for (const auto& known : finding_codes())
    if (known.blame == Blame::kernel || known.blame == Blame::tool) codes.emplace_back(known.code);
  if (code == nullptr)
    throw file.error(*node.find("code"),
                     fmt::format("there is no finding '{}'{}", issue.code, suggestion(issue.code, codes)));
  if (std::ranges::find(codes, issue.code) == codes.end())
    throw file.error(*node.find("code"),
                     fmt::format("'{}' is a fault of the infrastructure, which no known issue excuses", issue.code));
  if (const auto* observation = node.find("observation")) {
    issue.observation = text("observation");
    if (issue.code != "expectation")
      throw file.error(*observation, "'observation' goes with the code 'expectation' only");
    auto known = observation_names();
    if (std::ranges::find(known, issue.observation) == known.end())
      throw file.error(*observation, fmt::format("there is no observation '{}'{}", issue.observation,
                                                 suggestion(issue.observation, known)));
  }
  auto date = parse_date(text("expires"));
  if (!date)
    throw file.error(*node.find("expires"), fmt::format("'{}' is not a day; write 2027-01-31", text("expires")));
  issue.expires = *date;
  return issue;
}
} // namespace

Date today() {
  return Date(std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
}

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  auto number = [&](std::size_t at, std::size_t length) {
    int value = -1;
    auto [end, error] = std::from_chars(text.data() + at, text.data() + at + length, value);
    return error == std::errc{} && end == text.data() + at + length ? value : -1;
  };
  int year = number(0, 4);
  int month = number(5, 2);
  int day = number(8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  Date date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
            std::chrono::day(static_cast<unsigned>(day))};
  return date.ok() ? std::optional(date) : std::nullopt;
}

std::vector<KnownIssue> load_known_issues(std::span<const std::filesystem::path> paths) {
  std::vector<KnownIssue> issues;
  std::set<std::string> ids;
  for (const auto& path : paths) {
    auto file = YamlFile::load(path);
    file.check_map(file.root(), "a file of known issues", {"known_issues", "description"});
    const auto& list = file.required(file.root(), "known_issues", "the file");
    file.check_list(list, "known_issues");
    for (const auto& item : list.items) {
      issues.push_back(read_issue(file, item));
      const auto* id = item.find("id"); // several may share a tracker
      if (id != nullptr && !ids.insert(id->text).second)
        throw file.error(*id, fmt::format("a known issue with the id '{}' is already there", id->text));
    }
  }
  return issues;
}

} // namespace kdt::matrix
