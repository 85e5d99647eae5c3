#pragma once

#include "matrix/expression.hpp"
#include "matrix/observation_names.hpp"
#include "matrix/yaml_file.hpp"

#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace kdt::matrix {

/// What a matcher says of a value. unknown: the value, or a name that the matcher mentions, is not known (yet).
enum class Answer { no, yes, unknown };

/// The facts at hand and, once the cell has run, what it observed.
struct View {
  const Facts& facts;
  const Facts* observed = nullptr; ///< nullptr before the cell has run

  const Value* find(const std::string& name) const;
  const Value* find(std::string_view name) const { return find(std::string(name)); }
};

/// One condition on one name, as `when:`, `expect:` and `match:` write it:
///
///   value                  equal; of numbers an expression: reserved_size, ram_base + 256M, roundup(crashkernel.size,
///   4K)
///                          of versions a prefix (6.1 is 6.1.192 too, not 6.12); on/off and yes/no are booleans
///   [a, b]                 any of these (a YAML list of matchers)
///   "<6.4", ">=6.2 <6.5"   comparisons, all of which must hold: < <= > >= == !=; the operand is a version or an
///   expression
///   "[low, high)"          a window of numbers, low included; "[low, high]" includes both; bounds are expressions
///   "multiple of 2M"       a number that this divides
///   present, absent        something was observed at all
///   empty                  a list without items
///   {contains: TEXT}       the text, or one line of the list, holds this; {name} and {name:016x} and {name:MB} are
///   filled in {matches: REGEX}       the same with an ECMAScript regular expression, nothing filled in {ranges: ["[a,
///   b)"]}   the list of ranges is exactly these, adjacent ones merged {not: M}, {all: [M]}   the opposite; every one
///   of them {is: TEXT}             equal to the text, whatever it looks like
///
/// Texts in which {name} stands are filled in too: map.all: "{linear_map}".
class Matcher {
public:
  /// Reads a node about this name; throws Error{usage} with its place.
  static Matcher parse(const YamlFile& file, const YamlNode& node, const Name& about);

  Answer matches(const View& view) const;

  const Name& about() const { return *about_; }
  /// As the YAML says it, in one line.
  const std::string& text() const { return text_; }
  /// The text, with "= [0x40000000, 0xc0000000)" behind it when it mentions names.
  std::string explain(const View& view) const;

private:
  enum class Kind {
    equal,
    compare,
    window,
    multiple,
    present,
    absent,
    empty,
    contains,
    regex,
    ranges,
    negate,
    all,
    any
  };
  enum class Operator { less, at_most, greater, at_least, equal, differ };
  struct Comparison {
    Operator op;
    std::string operand;     ///< of versions, texts and seconds
    Expression expression{}; ///< of whole numbers
  };
  struct Window {
    Expression low;
    Expression high;
    bool high_included = false;
  };
  friend class MatcherReader;

  Answer matches_value(const Value& value, const View& view) const;
  Answer equals(const Value& value, const View& view) const;
  Answer holds(const Comparison& comparison, const Value& value, const View& view) const;
  Answer in_window(const Value& value, const View& view) const;
  Answer has_line(const Value& value, const View& view) const;
  Answer same_ranges(const Value& value, const View& view) const;
  Answer combine(const View& view) const;

  Kind kind_ = Kind::equal;
  const Name* about_ = nullptr;
  std::string name_; ///< the name's text: a million lookups each need a std::string
  std::string text_;
  std::string literal_;   ///< of equal, contains, regex
  bool verbatim_ = false; ///< the literal's braces are only braces
  std::vector<Expression> expressions_;
  std::vector<Comparison> comparisons_;
  std::vector<Window> windows_;
  std::vector<Matcher> parts_;
  std::regex regex_;
};

/// Fills {name} and {name:format} in; nullopt when a name is not known. Format: hexadecimal as 016x, or MB (bytes >>
/// 20).
std::optional<std::string> fill_in(std::string_view text, const View& view);
/// The names between braces; throws Error{usage} for an unknown one or an odd format.
std::vector<std::string> placeholders(std::string_view text);

/// -1, 0, 1 of dotted versions by their numbers; what follows them (-rc1, -amd64) is not compared.
int compare_versions(std::string_view a, std::string_view b);

} // namespace kdt::matrix
