#include "matrix/expression.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

#include <algorithm>

namespace kdt::matrix {

namespace {
constexpr int k_deepest = 32;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}
} // namespace

/// sum := operand (('+' | '-') operand)*;  operand := number | name | function '(' sum ',' sum ')' | '(' sum ')'
class ExpressionParser {
public:
  using Term = Expression::Term;

  explicit ExpressionParser(std::string_view text) : text_(text), rest_(text) {}

  Term parse() {
    auto term = sum(0);
    skip_space();
    if (!rest_.empty()) complain();
    return term;
  }

private:
  [[noreturn]] void complain() const {
    throw Error(Blame::usage, "'{}' is not an expression: unexpected '{}'", text_, rest_.empty() ? "end" : rest_);
  }

  void skip_space() { rest_ = trim(rest_); }

  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Term sum(int depth) {
    if (depth > k_deepest) throw Error(Blame::usage, "'{}' is nested too deeply", text_);
    auto left = operand(depth);
    for (;;) {
      bool add = take('+');
      if (!add && !take('-')) return left;
      Term whole{.kind = add ? Term::Kind::add : Term::Kind::subtract, .number = 0, .name = {}, .operands = {}};
      whole.operands.push_back(std::move(left));
      whole.operands.push_back(operand(depth));
      left = std::move(whole);
    }
  }

  Term operand(int depth) {
    if (take('(')) {
      auto inner = sum(depth + 1);
      if (!take(')')) complain();
      return inner;
    }
    skip_space();
    auto end = static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_word) - rest_.begin());
    if (end == 0) complain();
    auto word = rest_.substr(0, end);
    if (word[0] >= '0' && word[0] <= '9') {
      auto size = parse_byte_size(word);
      if (!size || size->bytes > INT64_MAX) complain();
      rest_.remove_prefix(end);
      return {.kind = Term::Kind::number, .number = static_cast<std::int64_t>(size->bytes), .name = {}, .operands = {}};
    }
    rest_.remove_prefix(end);
    if (!take('(')) return {.kind = Term::Kind::name, .number = 0, .name = std::string(word), .operands = {}};
    return function(word, depth);
  }

  Term function(std::string_view name, int depth) {
    Term call;
    if (name == "roundup")
      call.kind = Term::Kind::roundup;
    else if (name == "min")
      call.kind = Term::Kind::min;
    else if (name == "max")
      call.kind = Term::Kind::max;
    else
      throw Error(Blame::usage, "'{}': no function '{}'{}", text_, name, suggestion(name, {"roundup", "min", "max"}));
    call.operands.push_back(sum(depth + 1));
    if (!take(',')) complain();
    call.operands.push_back(sum(depth + 1));
    if (!take(')')) complain();
    return call;
  }

  std::string_view text_;
  std::string_view rest_;
};

Expression Expression::parse(std::string_view text) {
  Expression made;
  made.text_ = std::string(trim(text));
  made.root_ = ExpressionParser(made.text_).parse();
  return made;
}

std::optional<std::int64_t> Expression::evaluate(const Lookup& lookup) const {
  return evaluate(root_, lookup);
}

std::optional<std::int64_t> Expression::evaluate(const Term& term, const Lookup& lookup) {
  if (term.kind == Term::Kind::number) return term.number;
  if (term.kind == Term::Kind::name) {
    const auto* value = lookup(term.name);
    const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    return number == nullptr ? std::nullopt : std::optional(*number);
  }
  auto left = evaluate(term.operands[0], lookup);
  auto right = evaluate(term.operands[1], lookup);
  if (!left || !right) return std::nullopt;
  std::int64_t result = 0;
  switch (term.kind) {
  case Term::Kind::add:
    return __builtin_add_overflow(*left, *right, &result) ? std::nullopt : std::optional(result);
  case Term::Kind::subtract:
    return __builtin_sub_overflow(*left, *right, &result) ? std::nullopt : std::optional(result);
  case Term::Kind::roundup:
    if (*right <= 0 || __builtin_add_overflow(*left, *right - 1, &result)) return std::nullopt;
    return result / *right * *right;
  case Term::Kind::min:
    return std::min(*left, *right);
  default:
    return std::max(*left, *right);
  }
}

void Expression::collect(const Term& term, std::vector<std::string>& names) {
  if (term.kind == Term::Kind::name) names.push_back(term.name);
  for (const auto& operand : term.operands) collect(operand, names);
}

std::vector<std::string> Expression::names() const {
  std::vector<std::string> names;
  collect(root_, names);
  return names;
}

} // namespace kdt::matrix
