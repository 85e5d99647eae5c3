#pragma once

#include "matrix/matcher.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kdt::matrix {

/// A fact that a rule gives: a literal, another fact's value, or an expression.
struct Derivation {
  const Name* name;
  std::string text;
  std::optional<Expression> expression; ///< of numbers
  const Name* copied = nullptr;         ///< the value is that of this fact
};

/// One expectation: when all of `when` holds, each of `expect` should be so, because…, source….
/// A rule may instead derive facts that depend on the kernel's version (rodata_full, linear_map…).
struct Rule {
  std::string id;    ///< as given, else "file.yaml:12"
  std::string group; ///< of the rules of one group the first that holds counts; empty: none
  std::vector<Matcher> when;
  std::vector<Matcher> expect;
  std::vector<Derivation> derive;
  std::string because;
  std::string source;
  std::string place;                   ///< file:line:column
  std::string finding = "expectation"; ///< the code of a breach
  bool confirmed = true;               ///< false: `validated: false`, read in the source and seen in no guest
};

/// Rules in file order.
struct Rules {
  std::vector<Rule> rules;
  std::vector<const Name*> explained{}; ///< observations of which a rule must speak wherever they are made

  /// Is this one of them?
  bool must_explain(std::string_view observation) const;
};

/// Reads `rules:` of a YAML file: a list of {id, group, when, expect, derive, because, source, validated, note,
/// finding: the code of a breach}, and `must_explain:`, a list of observations: a cell in which one was made and no
/// rule speaks of it does not pass. Throws Error{usage} with file:line:column. The language of `when` and `expect` is
/// matcher.hpp's.
Rules load_expectations(const std::filesystem::path& path);
/// The same of several files, in order; an id may be there once.
Rules load_expectations(std::span<const std::filesystem::path> paths);

/// Reads one rule, where `known_by` is what it is called unless it has an id. Throws Error{usage} with its place.
Rule read_rule(const YamlFile& file, const YamlNode& node, const std::string& known_by);

/// The facts with those added that the rules derive, in file order.
Facts complete(const Rules& rules, Facts facts);

/// The rules that complete() took facts from, in file order. facts: as it made them.
std::vector<const Rule*> deriving(const Rules& rules, const Facts& facts);

/// The rules that apply, in file order. Before the cell has run a condition on an observation is open: such rules are
/// listed, and do not end their group. facts: as complete() made them.
std::vector<const Rule*> applicable(const Rules& rules, const Facts& facts);
/// The same once it has run: what was not observed does not hold.
std::vector<const Rule*> applicable(const Rules& rules, const Facts& facts, const Facts& observed);

/// Of the observations that must be explained, those of which none of these rules speaks.
std::vector<const Name*> unexplained(const Rules& rules, const std::vector<const Rule*>& applicable);

/// What the rules that surely apply expect of an observation ("false" of reservation.present, say); nullopt: nothing.
/// With what was observed so far, conditions on that count, too, and one on anything else does not hold.
std::optional<std::string> expected_value(const Rules& rules, const Facts& facts, std::string_view observation,
                                          const Facts* observed = nullptr);

/// One line: "X-OLD: probe.segments: faults, probe.rest: lands when version: <6.4, load.loaded: true".
std::string describe(const Rule& rule);

/// Reads a map of {name: matcher}; known: the names it may use, for suggestions. Throws Error{usage}.
std::vector<Matcher> read_matchers(const YamlFile& file, const YamlNode& node, std::string_view what,
                                   const std::vector<std::string>& known);

} // namespace kdt::matrix
