#pragma once

#include "matrix/rules.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kdt::matrix {

/// One way to bring a kernel down: what is done, what that needs, and rules for what it should show.
struct Trigger {
  /// A text written to a file, or an act of another name with an empty file.
  struct Step {
    std::string act;
    std::string file;
    std::string text;
  };
  std::string name;
  std::string does;               ///< one sentence
  std::vector<Step> settings;     ///< of the kernel, made first
  std::vector<std::string> loads; ///< what keeps it busy meanwhile: memory, disk
  std::vector<Step> steps;        ///< what the guest does
  std::string machine; ///< what the machine does: break (and then c on the serial console), nmi; empty: nothing
  std::vector<std::string> needs; ///< options that the kernel is built with: CONFIG_MAGIC_SYSRQ_SERIAL
  std::vector<Rule> rules;        ///< with `trigger: NAME` and mostly `panic.seen: true` among their conditions
};

/// All of them, as matrices/triggers/ has them.
struct Triggers {
  std::vector<Trigger> triggers;

  /// By name; nullptr when there is none.
  const Trigger* find(std::string_view name) const;
  /// For suggestions.
  std::vector<std::string> names() const;
};

/// Reads a file `triggers: {NAME: {does, settings, loads, steps, machine, needs, rules}}`. settings is a map of
/// 'file: text'; steps a list of such maps of one entry each, or words for acts; rules are those of expectations.
/// Throws Error{usage} with file:line:column.
Triggers load_triggers(const std::filesystem::path& path);

/// Adds the rules of all triggers; each counts in cells with its trigger only, once the console showed a panic, unless
/// it says something of panic.seen itself.
void add_rules(const Triggers& triggers, Rules& rules);

} // namespace kdt::matrix
