#include "base/text.hpp"
#include "matrix/matcher.hpp"

#include <algorithm>
#include <charconv>

namespace kdt::matrix {

namespace {
bool is_number(NameType type) {
  return type == NameType::integer || type == NameType::bytes || type == NameType::address;
}

std::optional<std::string> as_boolean(const std::string& text) {
  if (text == "true" || text == "on" || text == "yes") return "true";
  if (text == "false" || text == "off" || text == "no") return "false";
  return std::nullopt;
}

bool is_real(const std::string& text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}
} // namespace

/// Reads one node into one Matcher.
class MatcherReader {
public:
  MatcherReader(const YamlFile& file, const YamlNode& node, const Name& about)
      : file_(file), node_(node), about_(about) {
    made_.about_ = &about;
    made_.name_ = about.name;
  }

  Matcher read() {
    if (node_.is_list()) {
      read_parts(node_, Matcher::Kind::any);
    } else if (node_.is_map()) {
      read_map();
    } else {
      read_scalar(file_.scalar(node_, about_.name));
    }
    return std::move(made_);
  }

private:
  using Kind = Matcher::Kind;
  using Operator = Matcher::Operator;

  [[noreturn]] void complain(std::string_view sentence) const {
    throw file_.error(node_, fmt::format("{}: {}", about_.name, sentence));
  }

  void read_parts(const YamlNode& list, Kind kind) {
    if (list.items.empty()) complain("the list is empty");
    made_.kind_ = kind;
    for (const auto& item : list.items) {
      made_.parts_.push_back(Matcher::parse(file_, item, about_));
      made_.text_ += (made_.text_.empty() ? "" : kind == Kind::any ? " or " : " and ") + made_.parts_.back().text();
    }
  }

  void read_map() {
    static const std::vector<std::string> k_words{"contains", "matches", "ranges", "not", "all", "is"};
    file_.check_map(node_, "a matcher", k_words);
    if (node_.entries.size() != 1) complain("a matcher in braces has exactly one key");
    const auto& [key, value] = node_.entries[0];
    if (key.text == "all") {
      file_.check_list(value, "all");
      read_parts(value, Kind::all);
    } else if (key.text == "not") {
      made_.kind_ = Kind::negate;
      made_.parts_.push_back(Matcher::parse(file_, value, about_));
      made_.text_ = "not " + made_.parts_[0].text();
    } else if (key.text == "ranges") {
      read_ranges(value);
    } else {
      read_text(key.text, file_.scalar(value, key.text));
    }
  }

  void read_ranges(const YamlNode& list) {
    if (about_.type != NameType::ranges) complain("is not a list of ranges");
    file_.check_list(list, "ranges");
    made_.kind_ = Kind::ranges;
    for (const auto& item : list.items) {
      auto text = file_.scalar(item, "a range");
      add_window(text);
      made_.text_ += (made_.text_.empty() ? "" : " ") + text;
    }
  }

  void read_text(const std::string& word, const std::string& text) {
    made_.literal_ = text;
    made_.text_ = fmt::format("{}: {}", word, text);
    if (word == "is") {
      made_.kind_ = Kind::equal;
      made_.verbatim_ = true;
      made_.text_ = text;
      return;
    }
    if (about_.type != NameType::lines && about_.type != NameType::text)
      complain(fmt::format("'{}' is for texts and lists of lines", word));
    if (text.empty()) complain(fmt::format("'{}' would match anything", word));
    if (word == "contains") {
      made_.kind_ = Kind::contains;
      check_placeholders(text);
      return;
    }
    made_.kind_ = Kind::regex;
    try {
      made_.regex_ = std::regex(text, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error& error) {
      complain(fmt::format("'{}' is not a regular expression: {}", text, error.what()));
    }
  }

  void read_scalar(const std::string& text) {
    made_.text_ = text;
    if (text == "present" || text == "absent") {
      made_.kind_ = text == "present" ? Kind::present : Kind::absent;
    } else if (text == "empty" && (about_.type == NameType::lines || about_.type == NameType::ranges)) {
      made_.kind_ = Kind::empty;
    } else if (text.starts_with('<') || text.starts_with('>') || text.starts_with('=') || text.starts_with("!=")) {
      read_comparisons(text);
    } else if (text.starts_with('[')) {
      if (!is_number(about_.type)) complain("a window is for numbers, sizes and addresses");
      made_.kind_ = Kind::window;
      add_window(text);
    } else if (text.starts_with("multiple of ")) {
      if (!is_number(about_.type)) complain("'multiple of' is for numbers, sizes and addresses");
      made_.kind_ = Kind::multiple;
      made_.expressions_.push_back(expression(text.substr(12)));
      auto divisor = made_.expressions_[0].evaluate([](std::string_view) { return nullptr; });
      if (divisor && *divisor <= 0) complain(fmt::format("nothing is a {}", text));
    } else {
      read_equal(text);
    }
  }

  void read_equal(const std::string& text) {
    made_.kind_ = Kind::equal;
    made_.literal_ = text;
    if (is_number(about_.type)) {
      made_.expressions_.push_back(expression(text));
    } else if (about_.type == NameType::boolean) {
      auto word = as_boolean(text);
      if (!word) complain(fmt::format("'{}' is neither true nor false", text));
      made_.literal_ = *word;
      made_.text_ = *word;
    } else if (about_.type == NameType::seconds) {
      if (!is_real(text)) complain(fmt::format("'{}' is not a number of seconds", text));
    } else if (about_.type == NameType::version) {
      check_version(text);
    } else if (about_.type == NameType::lines || about_.type == NameType::ranges) {
      complain("a list wants {contains: …}, {matches: …}, {ranges: […]}, empty or present");
    } else {
      check_placeholders(text);
      check_word(text);
    }
  }

  void check_word(const std::string& text) const {
    if (about_.words.empty() || text.find('{') != std::string::npos) return;
    auto words = split(about_.words, ' ');
    if (std::ranges::find(words, text) == words.end())
      complain(fmt::format("is never '{}'{}", text, suggestion(text, words)));
  }

  void check_version(const std::string& text) const {
    if (text.empty() || text[0] < '0' || text[0] > '9') complain(fmt::format("'{}' is not a version", text));
  }

  void check_placeholders(const std::string& text) const {
    try {
      placeholders(text);
    } catch (const Error& error) {
      complain(error.what());
    }
  }

  /// "<6.4", ">=6.2 <6.5": each operand ends where the next operator starts.
  void read_comparisons(std::string_view rest) {
    made_.kind_ = Kind::compare;
    while (!rest.empty()) {
      Matcher::Comparison comparison{.op = take_operator(rest), .operand = {}};
      auto end = std::min(rest.find_first_of("<>=!"), rest.size());
      comparison.operand = trim(rest.substr(0, end));
      rest.remove_prefix(end);
      if (comparison.operand.empty()) complain(fmt::format("'{}' lacks what to compare with", made_.text_));
      check_operand(comparison);
      made_.comparisons_.push_back(std::move(comparison));
    }
  }

  Operator take_operator(std::string_view& rest) const {
    static constexpr std::pair<std::string_view, Operator> k_operators[] = {
        {"<=", Operator::at_most}, {">=", Operator::at_least}, {"==", Operator::equal},
        {"!=", Operator::differ},  {"<", Operator::less},      {">", Operator::greater}};
    for (const auto& [word, op] : k_operators) {
      if (!rest.starts_with(word)) continue;
      rest.remove_prefix(word.size());
      return op;
    }
    complain(fmt::format("'{}' has an unknown operator (known: < <= > >= == !=)", made_.text_));
  }

  void check_operand(Matcher::Comparison& comparison) {
    if (is_number(about_.type)) {
      comparison.expression = expression(comparison.operand);
    } else if (about_.type == NameType::version) {
      check_version(comparison.operand);
    } else if (about_.type == NameType::seconds) {
      if (!is_real(comparison.operand)) complain(fmt::format("'{}' is not a number of seconds", comparison.operand));
    } else {
      if (comparison.op != Operator::equal && comparison.op != Operator::differ)
        complain("is not a number: only == and != compare it");
      if (about_.type == NameType::text)
        check_word(comparison.operand);
      else if (auto word = as_boolean(comparison.operand); word && about_.type == NameType::boolean)
        comparison.operand = *word;
      else
        complain(fmt::format("cannot be compared with '{}'", comparison.operand));
    }
  }

  void add_window(std::string_view text) {
    text = trim(text);
    auto comma = split_point(text);
    bool included = text.ends_with(']');
    if (!text.starts_with('[') || (!included && !text.ends_with(')')) || comma == std::string_view::npos)
      complain(fmt::format("'{}' is not a window: write [low, high) or [low, high]", text));
    made_.windows_.push_back({.low = expression(text.substr(1, comma - 1)),
                              .high = expression(text.substr(comma + 1, text.size() - comma - 2)),
                              .high_included = included});
  }

  /// The comma between the bounds: the one outside the parentheses of a function.
  static std::size_t split_point(std::string_view text) {
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '(') ++depth;
      if (text[i] == ')') --depth;
      if (text[i] == ',' && depth == 0) return i;
    }
    return std::string_view::npos;
  }

  Expression expression(std::string_view text) const {
    try {
      auto made = Expression::parse(text);
      for (const auto& name : made.names()) {
        const auto* known = find_name(name);
        if (known == nullptr) complain(fmt::format("unknown name '{}'{}", name, suggestion(name, all_names())));
        if (!is_number(known->type)) complain(fmt::format("'{}' is not a number", name));
      }
      return made;
    } catch (const Error& error) {
      if (std::string_view(error.what()).starts_with(file_.name())) throw;
      complain(error.what());
    }
  }

  const YamlFile& file_;
  const YamlNode& node_;
  const Name& about_;
  Matcher made_;
};

Matcher Matcher::parse(const YamlFile& file, const YamlNode& node, const Name& about) {
  return MatcherReader(file, node, about).read();
}

} // namespace kdt::matrix
