#include "matrix/rules.hpp"

#include "base/text.hpp"
#include "model/finding.hpp"

#include <algorithm>
#include <set>

namespace kdt::matrix {

namespace {
const std::vector<std::string> k_rule_keys{"id",      "group",  "when",      "expect", "derive",
                                           "because", "source", "validated", "note",   "finding"};

bool is_number(NameType type) {
  return type == NameType::integer || type == NameType::bytes || type == NameType::address;
}

/// Reads one file's rules.
class RulesReader {
public:
  explicit RulesReader(const YamlFile& file) : file_(file) {}

  void read(Rules& rules, std::set<std::string>& ids) {
    const auto& root = file_.root();
    file_.check_map(root, "a file of expectations", {"rules", "description", "must_explain"});
    if (const auto* names = root.find("must_explain")) read_explained(rules, *names);
    const auto& list = file_.required(root, "rules", "the file");
    file_.check_list(list, "rules");
    for (const auto& item : list.items) {
      auto rule =
          read_rule(item, fmt::format("{}:{}", std::filesystem::path(file_.name()).filename().string(), item.line));
      if (!ids.insert(rule.id).second)
        throw file_.error(item, fmt::format("a rule with the id '{}' is already there", rule.id));
      rules.rules.push_back(std::move(rule));
    }
  }

  Rule read_rule(const YamlNode& node, const std::string& known_by) {
    file_.check_map(node, "a rule", k_rule_keys);
    Rule rule;
    rule.place = file_.place(node);
    rule.id = known_by;
    if (const auto* id = node.find("id")) rule.id = file_.scalar(*id, "id");
    if (const auto* group = node.find("group")) rule.group = file_.scalar(*group, "group");
    rule.because = sentence(node, "because");
    rule.source = sentence(node, "source");
    if (const auto* seen = node.find("validated")) rule.confirmed = validated(*seen);
    if (const auto* when = node.find("when")) rule.when = read_matchers(file_, *when, "when", all_names());
    if (const auto* expect = node.find("expect"))
      rule.expect = read_matchers(file_, *expect, "expect", observation_names());
    if (const auto* derive = node.find("derive")) read_derive(rule, *derive);
    if (const auto* code = node.find("finding")) rule.finding = finding(*code);
    if (rule.expect.empty() == rule.derive.empty()) throw file_.error(node, "a rule has either 'expect' or 'derive'");
    return rule;
  }

private:
  void read_explained(Rules& rules, const YamlNode& list) {
    file_.check_list(list, "must_explain");
    for (const auto& item : list.items) {
      const auto* name = find_name(file_.scalar(item, "must_explain"));
      if (name != nullptr && name->origin != NameOrigin::observation)
        throw file_.error(item, fmt::format("must_explain: '{}' is a fact, not an observation", item.text));
      if (name == nullptr)
        throw file_.error(item, fmt::format("must_explain: no observation is called '{}'{}", item.text,
                                            suggestion(item.text, observation_names())));
      if (!rules.must_explain(name->name)) rules.explained.push_back(name);
    }
  }

  /// A list of kernels on which it was seen, or false.
  bool validated(const YamlNode& node) {
    if (node.is_scalar() && node.text == "false") return false;
    if (!node.is_list() || node.items.empty())
      throw file_.error(node, "validated: a list of kernels on which the rule was seen to hold, or false");
    return true;
  }

  /// The code of a finding that `kdt explain` knows.
  std::string finding(const YamlNode& node) {
    const auto& code = file_.scalar(node, "finding");
    if (find_code(code) != nullptr) return code;
    std::vector<std::string> codes;
    for (const auto& known : finding_codes()) codes.emplace_back(known.code);
    throw file_.error(node, fmt::format("finding: no finding has the code '{}'{}", code, suggestion(code, codes)));
  }

  std::string sentence(const YamlNode& node, std::string_view key) {
    const auto& value = file_.required(node, key, "a rule");
    const auto& text = file_.scalar(value, key);
    if (trim(text).empty()) throw file_.error(value, fmt::format("'{}' is empty", key));
    return text;
  }

  void read_derive(Rule& rule, const YamlNode& node) {
    if (!node.is_map() || node.entries.empty()) throw file_.error(node, "derive must be a map of 'fact: value'");
    std::vector<std::string> known;
    for (const auto& name : names())
      if (name.origin == NameOrigin::rule) known.emplace_back(name.name);
    for (const auto& [key, value] : node.entries) {
      file_.check_map(node, "derive", known);
      rule.derive.push_back(derivation(*find_name(key.text), value));
    }
    for (const auto& condition : rule.when)
      if (condition.about().origin == NameOrigin::observation)
        throw file_.error(node, fmt::format("a rule that derives facts cannot depend on the observation '{}'",
                                            condition.about().name));
  }

  Derivation derivation(const Name& name, const YamlNode& node) {
    Derivation made{.name = &name, .text = file_.scalar(node, name.name), .expression = {}};
    const auto* other = find_name(made.text);
    if (is_number(name.type)) {
      made.expression = number(node, made.text);
    } else if (other != nullptr && other->origin != NameOrigin::observation) {
      made.copied = other;
    } else {
      // What the name may never be, it may not be given either: the matcher of that value says so.
      Matcher::parse(file_, node, name);
    }
    return made;
  }

  Expression number(const YamlNode& node, const std::string& text) {
    try {
      auto expression = Expression::parse(text);
      for (const auto& name : expression.names())
        if (find_name(name) == nullptr)
          throw Error(Blame::usage, "unknown name '{}'{}", name, suggestion(name, all_names()));
      return expression;
    } catch (const Error& error) {
      throw file_.error(node, error.what());
    }
  }

  const YamlFile& file_;
};

/// A fact of the cell itself that is not there will not come either: no shrink, no base, no range.
bool never_there(const Matcher& condition, const View& view) {
  auto origin = condition.about().origin;
  bool of_the_cell = origin == NameOrigin::parameter || origin == NameOrigin::derived;
  return of_the_cell && view.find(condition.about().name) == nullptr;
}

/// unknown when no condition fails and some cannot be decided.
Answer all_hold(const std::vector<Matcher>& conditions, const View& view) {
  auto result = Answer::yes;
  for (const auto& condition : conditions) {
    auto one = condition.matches(view);
    if (one == Answer::unknown && never_there(condition, view)) one = Answer::no;
    if (one == Answer::no) return one;
    if (one == Answer::unknown) result = one;
  }
  return result;
}

/// Calls visit with each rule that applies and whether that is sure, one for each group as far as that is sure.
template <typename Visit>
void each_applicable(const Rules& rules, const View& view, Visit visit) {
  std::set<std::string_view> done;
  for (const auto& rule : rules.rules) {
    if (rule.expect.empty() || done.contains(rule.group)) continue;
    auto holds = all_hold(rule.when, view);
    if (holds == Answer::no || (holds == Answer::unknown && view.observed != nullptr)) continue;
    if (holds == Answer::yes && !rule.group.empty()) done.insert(rule.group);
    visit(rule, holds == Answer::yes);
  }
}

std::optional<Value> derived_value(const Derivation& derivation, const View& view) {
  if (derivation.expression) {
    auto number = derivation.expression->evaluate([&](std::string_view name) { return view.find(name); });
    return number ? std::optional<Value>(*number) : std::nullopt;
  }
  if (derivation.copied != nullptr) {
    const auto* value = view.find(derivation.copied->name);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  if (derivation.name->type == NameType::boolean)
    return derivation.text == "true" || derivation.text == "on" || derivation.text == "yes";
  return derivation.text;
}

std::string joined(const std::vector<Matcher>& matchers) {
  std::string text;
  for (const auto& matcher : matchers)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", matcher.about().name, matcher.text());
  return text;
}
} // namespace

std::vector<Matcher> read_matchers(const YamlFile& file, const YamlNode& node, std::string_view what,
                                   const std::vector<std::string>& known) {
  if (!node.is_map() || node.entries.empty())
    throw file.error(node, fmt::format("{} must be a map of 'name: value'", what));
  for (const auto& [key, value] : node.entries)
    if (std::ranges::find(known, key.text) == known.end() && find_name(key.text) != nullptr)
      throw file.error(key, fmt::format("'{}' is a fact, not an observation: it belongs under 'when'", key.text));
  file.check_map(node, what, known);
  std::vector<Matcher> matchers;
  for (const auto& [key, value] : node.entries) matchers.push_back(Matcher::parse(file, value, *find_name(key.text)));
  return matchers;
}

Rule read_rule(const YamlFile& file, const YamlNode& node, const std::string& known_by) {
  return RulesReader(file).read_rule(node, known_by);
}

Rules load_expectations(const std::filesystem::path& path) {
  return load_expectations(std::span(&path, 1));
}

Rules load_expectations(std::span<const std::filesystem::path> paths) {
  Rules rules;
  std::set<std::string> ids;
  for (const auto& path : paths) {
    auto file = YamlFile::load(path);
    RulesReader(file).read(rules, ids);
  }
  return rules;
}

bool Rules::must_explain(std::string_view observation) const {
  return std::ranges::find(explained, observation, &Name::name) != explained.end();
}

std::vector<const Name*> unexplained(const Rules& rules, const std::vector<const Rule*>& applicable) {
  auto spoken_of = [&](const Name* name) {
    return std::ranges::any_of(applicable, [&](const Rule* rule) {
      return std::ranges::any_of(rule->expect, [&](const Matcher& matcher) { return &matcher.about() == name; });
    });
  };
  std::vector<const Name*> missing;
  std::ranges::remove_copy_if(rules.explained, std::back_inserter(missing), spoken_of);
  return missing;
}

std::vector<const Rule*> deriving(const Rules& rules, const Facts& facts) {
  std::vector<const Rule*> found;
  std::set<std::string_view> done;
  for (const auto& rule : rules.rules) {
    if (rule.derive.empty() || done.contains(rule.group)) continue;
    if (all_hold(rule.when, View{facts}) != Answer::yes) continue;
    if (!rule.group.empty()) done.insert(rule.group);
    found.push_back(&rule);
  }
  return found;
}

Facts complete(const Rules& rules, Facts facts) {
  std::set<std::string_view> done;
  for (const auto& rule : rules.rules) {
    if (rule.derive.empty() || done.contains(rule.group)) continue;
    if (all_hold(rule.when, View{facts}) != Answer::yes) continue;
    if (!rule.group.empty()) done.insert(rule.group);
    for (const auto& derivation : rule.derive)
      if (auto value = derived_value(derivation, View{facts})) facts[std::string(derivation.name->name)] = *value;
  }
  return facts;
}

std::vector<const Rule*> applicable(const Rules& rules, const Facts& facts) {
  std::vector<const Rule*> found;
  each_applicable(rules, View{facts}, [&](const Rule& rule, bool) { found.push_back(&rule); });
  return found;
}

std::vector<const Rule*> applicable(const Rules& rules, const Facts& facts, const Facts& observed) {
  std::vector<const Rule*> found;
  each_applicable(rules, View{facts, &observed}, [&](const Rule& rule, bool) { found.push_back(&rule); });
  return found;
}

std::optional<std::string> expected_value(const Rules& rules, const Facts& facts, std::string_view observation,
                                          const Facts* observed) {
  std::optional<std::string> value;
  each_applicable(rules, View{facts, observed}, [&](const Rule& rule, bool sure) {
    auto it = std::ranges::find(rule.expect, observation, [](const Matcher& matcher) { return matcher.about().name; });
    if (value || !sure || it == rule.expect.end()) return;
    value = it->text();
  });
  return value;
}

std::string describe(const Rule& rule) {
  std::string text = rule.id + ": ";
  if (!rule.expect.empty()) text += joined(rule.expect);
  for (std::size_t i = 0; i < rule.derive.size(); ++i)
    text += fmt::format("{}{} is {}", i == 0 ? "" : ", ", rule.derive[i].name->name, rule.derive[i].text);
  return rule.when.empty() ? text : text + " when " + joined(rule.when);
}

} // namespace kdt::matrix
