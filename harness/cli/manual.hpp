#pragma once

#include "cli/command_help.hpp"

#include <map>
#include <string>

namespace kdt::cli {

/// The manual page of a command, in man(7)'s roff. whole: the program's help, whose notes (exit statuses) and commands
/// every page refers to.
std::string manual_page(const CommandHelp& command, const CommandHelp& whole, const std::string& version);

/// Every page by its file name: "kdt.1", "kdt-images-build.1".
std::map<std::string, std::string> manual_pages(const CommandHelp& whole, const std::string& version);

} // namespace kdt::cli
