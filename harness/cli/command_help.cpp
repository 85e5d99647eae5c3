#include "cli/command_help.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace kdt::cli {

namespace {

constexpr std::string_view k_examples = "Examples:";

/// CLI11 writes what IsMember allows into the name of the type: "TEXT:{all,failed,none}".
std::vector<std::string> values_of(const CLI::Option& option) {
  auto type = option.get_type_name();
  auto open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return split(type.substr(open + 1, close - open - 1), ',');
}

OptionHelp describe_option(const CLI::Option& option) {
  OptionHelp help{.about = option.get_description(),
                  .takes_value = option.get_items_expected_max() > 0,
                  .attached = option.get_option_text(),
                  .required = option.get_required(),
                  .many = option.get_expected_max() > 1,
                  .values = values_of(option)};
  for (const auto& name : option.get_snames()) help.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) help.names.push_back("--" + name);
  if (help.names.empty()) help.names.push_back(option.get_name(true));
  if (auto value = option.get_default_str(); !value.empty()) help.about += fmt::format(" (default: {})", value);
  return help;
}

std::string stripped(const std::string& line) {
  auto from = line.find_first_not_of(' ');
  return from == std::string::npos ? "" : line.substr(from);
}

/// A footer is paragraphs, and below "Examples:" a command line each.
void read_footer(const std::string& footer, CommandHelp& help) {
  bool examples = false;
  std::string paragraph;
  auto end_paragraph = [&] {
    if (!paragraph.empty()) help.notes.push_back(std::move(paragraph));
    paragraph.clear();
  };
  for (const auto& raw : split(footer, '\n')) {
    auto line = stripped(raw);
    if (line == k_examples) {
      end_paragraph();
      examples = true;
    } else if (line.empty()) {
      end_paragraph();
    } else if (examples) {
      help.examples.push_back(line);
    } else {
      paragraph += (paragraph.empty() ? "" : " ") + line;
    }
  }
  end_paragraph();
}

CommandHelp describe_below(const CLI::App& app, const std::string& parent) {
  CommandHelp help{.name = app.get_name(),
                   .path = parent.empty() ? app.get_name() : parent + " " + app.get_name(),
                   .about = app.get_description(),
                   .needs_command = app.get_require_subcommand_min() > 0};
  std::ranges::replace(help.about, '\n', ' ');
  for (const auto* option : app.get_options())
    (option->get_positional() ? help.positionals : help.options).push_back(describe_option(*option));
  read_footer(app.get_footer(), help);
  for (const auto* command : app.get_subcommands({})) help.commands.push_back(describe_below(*command, help.path));
  return help;
}

} // namespace

CommandHelp describe(const CLI::App& app) {
  return describe_below(app, "");
}

std::vector<const CommandHelp*> all_commands(const CommandHelp& help) {
  std::vector<const CommandHelp*> all{&help};
  for (const auto& command : help.commands) std::ranges::copy(all_commands(command), std::back_inserter(all));
  return all;
}

} // namespace kdt::cli
