#include "matrix/matcher.hpp"

#include "base/text.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <charconv>

namespace kdt::matrix {

namespace {
constexpr std::size_t k_longest_line = 2000; // std::regex recurses once for each character

Answer answer(bool holds) {
  return holds ? Answer::yes : Answer::no;
}

std::optional<double> as_real(const Value& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  return std::nullopt;
}

double real_of(const std::string& text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Takes the next number of a dotted version off text; nullopt behind the last.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with('.'))
    text.remove_prefix(1);
  else
    text = {};
  return number;
}

bool version_starts_with(std::string_view version, std::string_view prefix) {
  while (auto wanted = take_number(prefix))
    if (take_number(version) != wanted) return false;
  return true;
}

/// The text of a value that is one, without a copy; scratch holds that of any other.
std::string_view text_of(const Value& value, std::string& scratch) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return scratch = to_string(value);
}

using Range = std::pair<std::int64_t, std::int64_t>;

/// Sorted, with ranges that touch merged into one and empty ones left out: [reservation.end, ram_end) is one when the
/// region is the end of RAM.
std::vector<Range> merged(std::vector<Range> ranges) {
  std::erase_if(ranges, [](const Range& range) { return range.first == range.second; });
  std::ranges::sort(ranges);
  std::vector<Range> result;
  for (const auto& range : ranges) {
    if (!result.empty() && range.first <= result.back().second)
      result.back().second = std::max(result.back().second, range.second);
    else
      result.push_back(range);
  }
  return result;
}

std::optional<Range> read_range(std::string_view text) {
  auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto start = parse_byte_size(text.substr(0, dash));
  auto end = parse_byte_size(text.substr(dash + 1));
  if (!start || !end) return std::nullopt;
  return Range{static_cast<std::int64_t>(start->bytes), static_cast<std::int64_t>(end->bytes)};
}

/// A placeholder at the start of text: its name and format; nullopt when the brace is only a brace.
struct Placeholder {
  std::string_view name;
  std::string_view format;
  std::size_t length;
};

std::optional<Placeholder> placeholder_at(std::string_view text) {
  auto end = text.find('}');
  if (end == std::string_view::npos) return std::nullopt;
  auto inside = text.substr(1, end - 1);
  auto colon = std::min(inside.find(':'), inside.size());
  return Placeholder{.name = inside.substr(0, colon),
                     .format = colon < inside.size() ? inside.substr(colon + 1) : std::string_view{},
                     .length = end + 1};
}

/// "016x" or "x": zero-padded hexadecimal digits.
std::optional<int> hexadecimal_width(std::string_view format) {
  if (!format.ends_with('x')) return std::nullopt;
  format.remove_suffix(1);
  int width = 0;
  auto [end, error] = std::from_chars(format.data(), format.data() + format.size(), width);
  if (!format.empty() && (error != std::errc{} || end != format.data() + format.size() || width > 16))
    return std::nullopt;
  return width;
}

std::optional<std::string> formatted(const Value& value, std::string_view format) {
  if (format.empty()) return to_string(value);
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) return std::nullopt;
  if (format == "MB") return std::to_string(*number >> 20);
  return fmt::format("{:0{}x}", *number, hexadecimal_width(format).value_or(0));
}

template <typename Visit>
bool any_line(const Value& value, Visit visit) {
  if (const auto* lines = std::get_if<std::vector<std::string>>(&value)) return std::ranges::any_of(*lines, visit);
  return visit(to_string(value));
}
} // namespace

const Value* View::find(const std::string& name) const {
  if (auto it = facts.find(name); it != facts.end()) return &it->second;
  if (observed == nullptr) return nullptr;
  auto it = observed->find(name);
  return it == observed->end() ? nullptr : &it->second;
}

int compare_versions(std::string_view a, std::string_view b) {
  for (;;) {
    auto left = take_number(a);
    auto right = take_number(b);
    if (!left && !right) return 0;
    if (left.value_or(0) != right.value_or(0)) return left.value_or(0) < right.value_or(0) ? -1 : 1;
  }
}

std::vector<std::string> placeholders(std::string_view text) {
  std::vector<std::string> found;
  for (auto at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    auto placeholder = placeholder_at(text.substr(at));
    if (!placeholder) throw Error(Blame::usage, "'{}' has an open brace", text);
    const auto* name = find_name(placeholder->name);
    if (name == nullptr)
      throw Error(Blame::usage, "unknown name '{}'{}", placeholder->name, suggestion(placeholder->name, all_names()));
    if (!placeholder->format.empty() && placeholder->format != "MB" && !hexadecimal_width(placeholder->format))
      throw Error(Blame::usage, "unknown format '{}' (known: x, 016x, MB)", placeholder->format);
    found.emplace_back(placeholder->name);
  }
  return found;
}

std::optional<std::string> fill_in(std::string_view text, const View& view) {
  std::string filled;
  while (!text.empty()) {
    auto brace = std::min(text.find('{'), text.size());
    filled += text.substr(0, brace);
    text.remove_prefix(brace);
    if (text.empty()) break;
    auto placeholder = placeholder_at(text);
    if (!placeholder) return std::nullopt;
    const auto* value = view.find(placeholder->name);
    auto shown = value == nullptr ? std::nullopt : formatted(*value, placeholder->format);
    if (!shown) return std::nullopt;
    filled += *shown;
    text.remove_prefix(placeholder->length);
  }
  return filled;
}

Answer Matcher::matches(const View& view) const {
  if (kind_ == Kind::any || kind_ == Kind::all || kind_ == Kind::negate) return combine(view);
  const auto* value = view.find(name_);
  bool settled = view.observed != nullptr || about_->origin != NameOrigin::observation;
  if (kind_ == Kind::present) return value != nullptr ? Answer::yes : settled ? Answer::no : Answer::unknown;
  if (kind_ == Kind::absent) return value != nullptr ? Answer::no : settled ? Answer::yes : Answer::unknown;
  return value == nullptr ? Answer::unknown : matches_value(*value, view);
}

Answer Matcher::combine(const View& view) const {
  if (kind_ == Kind::negate) {
    auto inner = parts_[0].matches(view);
    return inner == Answer::unknown ? inner : answer(inner == Answer::no);
  }
  auto decisive = kind_ == Kind::any ? Answer::yes : Answer::no; // one such part decides
  auto result = kind_ == Kind::any ? Answer::no : Answer::yes;
  for (const auto& part : parts_) {
    auto one = part.matches(view);
    if (one == decisive) return one;
    if (one == Answer::unknown) result = one;
  }
  return result;
}

Answer Matcher::matches_value(const Value& value, const View& view) const {
  switch (kind_) {
  case Kind::equal:
    return equals(value, view);
  case Kind::compare: {
    auto result = Answer::yes;
    for (const auto& comparison : comparisons_) {
      auto one = holds(comparison, value, view);
      if (one == Answer::no) return one;
      if (one == Answer::unknown) result = one;
    }
    return result;
  }
  case Kind::window:
  case Kind::multiple:
    return in_window(value, view);
  case Kind::empty: {
    const auto* lines = std::get_if<std::vector<std::string>>(&value);
    return answer(lines != nullptr && lines->empty());
  }
  case Kind::ranges:
    return same_ranges(value, view);
  default:
    return has_line(value, view);
  }
}

Answer Matcher::equals(const Value& value, const View& view) const {
  std::string scratch;
  auto lookup = [&](std::string_view name) { return view.find(name); };
  if (!expressions_.empty()) {
    const auto* number = std::get_if<std::int64_t>(&value);
    auto wanted = expressions_[0].evaluate(lookup);
    return !wanted ? Answer::unknown : answer(number != nullptr && *number == *wanted);
  }
  if (about_->type == NameType::version) return answer(version_starts_with(text_of(value, scratch), literal_));
  if (about_->type == NameType::seconds) return answer(as_real(value) == real_of(literal_));
  if (verbatim_ || literal_.find('{') == std::string::npos) return answer(text_of(value, scratch) == literal_);
  auto wanted = fill_in(literal_, view);
  return !wanted ? Answer::unknown : answer(text_of(value, scratch) == *wanted);
}

Answer Matcher::holds(const Comparison& comparison, const Value& value, const View& view) const {
  int order = 0; // of value against operand
  std::string scratch;
  if (about_->type == NameType::version) {
    bool equality = comparison.op == Operator::equal || comparison.op == Operator::differ;
    order = equality ? (version_starts_with(text_of(value, scratch), comparison.operand) ? 0 : 1)
                     : compare_versions(text_of(value, scratch), comparison.operand);
  } else if (about_->type == NameType::seconds) {
    auto real = as_real(value);
    if (!real) return Answer::no;
    order = *real < real_of(comparison.operand) ? -1 : *real > real_of(comparison.operand) ? 1 : 0;
  } else if (about_->type == NameType::text || about_->type == NameType::boolean) {
    order = text_of(value, scratch) == comparison.operand ? 0 : 1;
  } else {
    auto wanted = comparison.expression.evaluate([&](std::string_view name) { return view.find(name); });
    if (!wanted) return Answer::unknown;
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) return Answer::no;
    order = *number < *wanted ? -1 : *number > *wanted ? 1 : 0;
  }
  switch (comparison.op) {
  case Operator::less:
    return answer(order < 0);
  case Operator::at_most:
    return answer(order <= 0);
  case Operator::greater:
    return answer(order > 0);
  case Operator::at_least:
    return answer(order >= 0);
  case Operator::equal:
    return answer(order == 0);
  default:
    return answer(order != 0);
  }
}

Answer Matcher::in_window(const Value& value, const View& view) const {
  auto lookup = [&](std::string_view name) { return view.find(name); };
  const auto* number = std::get_if<std::int64_t>(&value);
  if (kind_ == Kind::multiple) {
    auto divisor = expressions_[0].evaluate(lookup);
    if (!divisor || *divisor <= 0) return Answer::unknown;
    return answer(number != nullptr && *number % *divisor == 0);
  }
  auto low = windows_[0].low.evaluate(lookup);
  auto high = windows_[0].high.evaluate(lookup);
  if (!low || !high) return Answer::unknown;
  return answer(number != nullptr && *low <= *number &&
                (windows_[0].high_included ? *number <= *high : *number < *high));
}

Answer Matcher::has_line(const Value& value, const View& view) const {
  if (kind_ == Kind::contains) {
    auto wanted = fill_in(literal_, view);
    if (!wanted) return Answer::unknown;
    return answer(any_line(value, [&](const std::string& line) { return line.find(*wanted) != std::string::npos; }));
  }
  return answer(any_line(
      value, [&](const std::string& line) { return std::regex_search(line.substr(0, k_longest_line), regex_); }));
}

Answer Matcher::same_ranges(const Value& value, const View& view) const {
  auto lookup = [&](std::string_view name) { return view.find(name); };
  std::vector<Range> wanted;
  for (const auto& window : windows_) {
    auto low = window.low.evaluate(lookup);
    auto high = window.high.evaluate(lookup);
    if (!low || !high) return Answer::unknown;
    wanted.emplace_back(*low, *high + (window.high_included ? 1 : 0));
  }
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (texts == nullptr) return Answer::no;
  std::vector<Range> seen;
  for (const auto& text : *texts) {
    auto range = read_range(text);
    if (!range) return Answer::no;
    seen.push_back(*range);
  }
  return answer(merged(std::move(seen)) == merged(std::move(wanted)));
}

std::string Matcher::explain(const View& view) const {
  auto lookup = [&](std::string_view name) { return view.find(name); };
  auto number = [&](const Expression& expression) {
    auto value = expression.evaluate(lookup);
    return value ? show(*about_, *value) : std::string("?");
  };
  std::string resolved;
  if (kind_ == Kind::window) {
    resolved = fmt::format("[{}, {}{}", number(windows_[0].low), number(windows_[0].high),
                           windows_[0].high_included ? "]" : ")");
  } else if (kind_ == Kind::ranges) {
    for (const auto& window : windows_)
      if (auto low = window.low.evaluate(lookup), high = window.high.evaluate(lookup); low && high && *low != *high)
        resolved +=
            fmt::format("{}{:#x}-{:#x}", resolved.empty() ? "" : " ", *low, *high + (window.high_included ? 1 : 0));
  } else if (kind_ == Kind::equal && !expressions_.empty()) {
    resolved = number(expressions_[0]);
  } else if (!verbatim_ && (kind_ == Kind::contains || kind_ == Kind::equal)) {
    if (auto filled = fill_in(literal_, view); filled && *filled != literal_) resolved = *filled;
  }
  return resolved.empty() || resolved == text_ ? text_ : fmt::format("{} = {}", text_, resolved);
}

} // namespace kdt::matrix
