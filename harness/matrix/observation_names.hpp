#pragma once

#include "model/value.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::matrix {

/// How the value of a name is written in Value and in YAML.
enum class NameType {
  boolean, ///< bool
  integer, ///< int64
  bytes,   ///< int64; YAML also takes 256M
  address, ///< int64, guest-physical; shown in hexadecimal
  seconds, ///< double (or int64)
  text,    ///< string
  version, ///< string of dotted numbers, compared as such
  lines,   ///< list of texts
  ranges   ///< list of "0xSTART-0xEND", end exclusive
};

/// Where a value comes from: observations are seen in the guest, all others are facts that are known before it starts.
enum class NameOrigin { parameter, kernel, derived, rule, observation };

/// A name that rules, known issues and selections may use.
struct Name {
  std::string_view name;
  NameOrigin origin;
  NameType type;
  std::string_view meaning;    ///< one sentence
  std::string_view words = {}; ///< the only texts it may be, separated by spaces; empty: any
};

/// Every name: facts, then observations.
std::span<const Name> names();
/// nullptr when there is none.
const Name* find_name(std::string_view name);
/// For suggestions: the observations alone, or everything.
std::vector<std::string> observation_names();
std::vector<std::string> all_names();

/// A value as a person reads it: addresses in hexadecimal, sizes as 256M.
std::string show(const Name& name, const Value& value);

} // namespace kdt::matrix
