#pragma once

#include "cli/command_help.hpp"

#include <string>

namespace kdt::cli {

/// What a shell reads to complete this program's command lines: commands, options, the values of options that have few,
/// and files.
std::string bash_completion(const CommandHelp& help);
std::string zsh_completion(const CommandHelp& help);
std::string fish_completion(const CommandHelp& help);

} // namespace kdt::cli
