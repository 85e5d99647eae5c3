#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace kdt::cli {

/// An option or a positional argument as its help text has it.
struct OptionHelp {
  std::vector<std::string> names{}; ///< with their dashes; of a positional: its one name
  std::string about{};
  bool takes_value = false;
  std::string attached{}; ///< a value that may follow the name of a flag: "[=PORT]"
  bool required = false;
  bool many = false;                 ///< may be given several times in a row, as "MATRIX..."
  std::vector<std::string> values{}; ///< all that it may be; empty: anything
};

/// A command as its help text has it: what shell completion and manual pages are made of.
struct CommandHelp {
  std::string name{}; ///< "kdt", "run", "build"
  std::string path{}; ///< "kdt run", "kdt images build"
  std::string about{};
  std::vector<OptionHelp> options{};
  std::vector<OptionHelp> positionals{};
  std::vector<std::string> notes{};    ///< paragraphs behind the options
  std::vector<std::string> examples{}; ///< command lines
  std::vector<CommandHelp> commands{};
  bool needs_command = false; ///< one of these
};

CommandHelp describe(const CLI::App& app);

/// The command and all below it, each before those that belong to it.
std::vector<const CommandHelp*> all_commands(const CommandHelp& help);

} // namespace kdt::cli
