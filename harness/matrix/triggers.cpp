#include "matrix/triggers.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace kdt::matrix {

namespace {

const std::vector<std::string> k_keys{"does", "settings", "loads", "steps", "machine", "needs", "rules"};
const std::vector<std::string> k_acts{"exhaust-memory"};
const std::vector<std::string> k_loads{"memory", "disk"};
const std::vector<std::string> k_machine{"break", "nmi"};

bool speaks_of(const Rule& rule, std::string_view name) {
  auto is_it = [&](const Matcher& matcher) { return matcher.about().name == name; };
  return std::ranges::any_of(rule.when, is_it) || std::ranges::any_of(rule.expect, is_it);
}

/// Reads the triggers of one file.
class TriggersReader {
public:
  explicit TriggersReader(const YamlFile& file) : file_(file) {}

  Triggers read() {
    const auto& root = file_.root();
    file_.check_map(root, "a file of triggers", {"description", "triggers"});
    const auto& map = file_.required(root, "triggers", "the file");
    if (!map.is_map() || map.entries.empty()) throw file_.error(map, "triggers must be a map of 'name: {…}'");
    Triggers triggers;
    for (const auto& [name, body] : map.entries) triggers.triggers.push_back(trigger(name, body));
    return triggers;
  }

private:
  Trigger trigger(const YamlNode& name, const YamlNode& body) {
    CellParameters scratch;
    if (auto complaint = find_parameter("trigger")->set(scratch, name.text)) throw file_.error(name, *complaint);
    file_.check_map(body, fmt::format("trigger {}", name.text), k_keys);
    Trigger made{.name = name.text,
                 .does = {},
                 .settings = {},
                 .loads = {},
                 .steps = {},
                 .machine = {},
                 .needs = {},
                 .rules = {}};
    made.does = file_.scalar(file_.required(body, "does", "a trigger"), "does");
    if (const auto* settings = body.find("settings")) made.settings = writes(*settings, "settings");
    if (const auto* loads = body.find("loads")) made.loads = words(*loads, "loads", k_loads);
    if (const auto* steps = body.find("steps")) read_steps(*steps, made);
    if (const auto* machine = body.find("machine")) made.machine = word(*machine, "machine", k_machine);
    if (const auto* needs = body.find("needs")) read_needs(*needs, made);
    if (made.steps.empty() == made.machine.empty())
      throw file_.error(body, "a trigger has either 'steps' of the guest or a 'machine' that does it");
    read_rules(file_.required(body, "rules", "a trigger"), made);
    return made;
  }

  std::string word(const YamlNode& node, std::string_view what, const std::vector<std::string>& known) {
    const auto& text = file_.scalar(node, what);
    if (std::ranges::find(known, text) == known.end())
      throw file_.error(node, fmt::format("{}: '{}' is unknown{}", what, text, suggestion(text, known)));
    return text;
  }

  std::vector<std::string> words(const YamlNode& list, std::string_view what, const std::vector<std::string>& known) {
    file_.check_list(list, what);
    std::vector<std::string> found;
    for (const auto& item : list.items) found.push_back(word(item, what, known));
    return found;
  }

  std::vector<Trigger::Step> writes(const YamlNode& map, std::string_view what) {
    if (!map.is_map()) throw file_.error(map, fmt::format("{} must be a map of 'file: text'", what));
    std::vector<Trigger::Step> steps;
    for (const auto& [file, text] : map.entries) {
      if (!file.text.starts_with('/')) throw file_.error(file, fmt::format("{}: '{}' is no path", what, file.text));
      steps.push_back({.act = "write", .file = file.text, .text = file_.scalar(text, file.text)});
    }
    return steps;
  }

  void read_steps(const YamlNode& list, Trigger& trigger) {
    file_.check_list(list, "steps");
    for (const auto& item : list.items) {
      if (item.is_map())
        std::ranges::move(writes(item, "steps"), std::back_inserter(trigger.steps));
      else
        trigger.steps.push_back({.act = word(item, "steps", k_acts), .file = {}, .text = {}});
    }
  }

  void read_needs(const YamlNode& list, Trigger& trigger) {
    file_.check_list(list, "needs");
    for (const auto& item : list.items) {
      const auto& option = file_.scalar(item, "needs");
      if (!option.starts_with("CONFIG_"))
        throw file_.error(item, fmt::format("needs: '{}' is no CONFIG_ option", option));
      trigger.needs.push_back(option);
    }
  }

  void read_rules(const YamlNode& list, Trigger& trigger) {
    file_.check_list(list, "rules");
    if (list.items.empty()) throw file_.error(list, fmt::format("rules: nothing is expected of {}", trigger.name));
    YamlNode name = list;
    name.kind = YamlNode::Kind::scalar;
    name.text = trigger.name;
    auto seen = name;
    seen.text = "true";
    for (const auto& item : list.items) {
      auto number = trigger.rules.size() + 1;
      auto rule = read_rule(file_, item, fmt::format("T-{}-{}", trigger.name, number));
      if (!rule.derive.empty()) throw file_.error(item, "a trigger's rule derives nothing");
      rule.when.push_back(Matcher::parse(file_, name, *find_name("trigger")));
      if (!speaks_of(rule, "panic.seen")) rule.when.push_back(Matcher::parse(file_, seen, *find_name("panic.seen")));
      trigger.rules.push_back(std::move(rule));
    }
  }

  const YamlFile& file_;
};

} // namespace

const Trigger* Triggers::find(std::string_view name) const {
  auto found = std::ranges::find(triggers, name, &Trigger::name);
  return found == triggers.end() ? nullptr : &*found;
}

std::vector<std::string> Triggers::names() const {
  std::vector<std::string> found;
  for (const auto& trigger : triggers) found.push_back(trigger.name);
  return found;
}

Triggers load_triggers(const std::filesystem::path& path) {
  auto file = YamlFile::load(path);
  return TriggersReader(file).read();
}

void add_rules(const Triggers& triggers, Rules& rules) {
  for (const auto& trigger : triggers.triggers)
    rules.rules.insert(rules.rules.end(), trigger.rules.begin(), trigger.rules.end());
}

} // namespace kdt::matrix
