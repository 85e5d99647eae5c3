#pragma once

#include "model/value.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::matrix {

/// Looks a name up in the facts and observations at hand; nullptr when it is not known.
using Lookup = std::function<const Value*(std::string_view name)>;

/// Arithmetic over whole numbers, sizes and named facts: `reservation.start + crashkernel.size`,
/// `roundup(crashkernel.size, page_size)`, `min(dma_limit, 4G)`. Operators + - and the functions roundup, min and max.
class Expression {
public:
  /// Throws Error{usage} that says what is wrong with the text (without a place: the caller knows it).
  static Expression parse(std::string_view text);

  /// nullopt when a name in it is not known or not a number.
  std::optional<std::int64_t> evaluate(const Lookup& lookup) const;

  /// Every name in it.
  std::vector<std::string> names() const;
  const std::string& text() const { return text_; }

private:
  struct Term {
    enum class Kind { number, name, add, subtract, roundup, min, max };
    Kind kind = Kind::number;
    std::int64_t number = 0;
    std::string name;
    std::vector<Term> operands;
  };
  friend class ExpressionParser;

  static std::optional<std::int64_t> evaluate(const Term& term, const Lookup& lookup);
  static void collect(const Term& term, std::vector<std::string>& names);

  std::string text_;
  Term root_;
};

} // namespace kdt::matrix
