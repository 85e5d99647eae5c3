#include "cli/manual.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::cli {

namespace {

/// What roff takes for a command or an escape stands as text; dashes are those that one types.
std::string roff(std::string_view text) {
  std::string all;
  for (char c : text) {
    if (all.empty() && (c == '.' || c == '\'')) all += "\\&";
    if (c == '\\')
      all += "\\e";
    else if (c == '-')
      all += "\\-";
    else
      all += c;
  }
  return all;
}

/// "kdt-images-build"
std::string page_name(const CommandHelp& command) {
  auto name = command.path;
  std::ranges::replace(name, ' ', '-');
  return name;
}

/// "[KERNEL...]", as the usage line of --help.
std::string argument(const std::string& name, bool required, bool many) {
  return fmt::format("{}\\fI{}\\fR{}{}\n", required ? "" : "[", roff(name), many ? "..." : "", required ? "" : "]");
}

std::string synopsis(const CommandHelp& command) {
  auto text = fmt::format(".B {}\n", roff(command.path));
  if (!command.options.empty()) text += "[OPTIONS]\n";
  for (const auto& each : command.positionals) text += argument(each.names.front(), each.required, each.many);
  if (!command.commands.empty()) text += argument("COMMAND", command.needs_command, false);
  return text;
}

std::string entry(const OptionHelp& option) {
  std::vector<std::string> names;
  for (const auto& name : option.names) names.push_back(fmt::format("\\fB{}\\fR{}", roff(name), roff(option.attached)));
  auto value =
      option.values.empty() ? std::string("\\fIVALUE\\fR") : roff(fmt::format("{}", fmt::join(option.values, "|")));
  return fmt::format(".TP\n{}{}\n{}\n", fmt::join(names, ", "),
                     option.takes_value && option.names.front().starts_with("-") ? " " + value : "",
                     roff(option.about));
}

std::string section(const char* title, const std::string& text) {
  return text.empty() ? "" : fmt::format(".SH {}\n{}", title, text);
}

std::string paragraphs(const std::vector<std::string>& notes) {
  std::string text;
  for (const auto& note : notes) text += fmt::format("{}{}\n", text.empty() ? "" : ".PP\n", roff(note));
  return text;
}

struct Notes {
  std::vector<std::string> description;
  std::vector<std::string> exit_status;
};

/// What follows "Exit status: " has a section of its own.
Notes parted(const std::vector<std::string>& notes) {
  constexpr std::string_view k_words = "Exit status: ";
  Notes parts;
  for (const auto& note : notes) {
    auto at = note.find(k_words);
    if (at == std::string::npos || (at > 0 && !note.substr(0, at).ends_with(". "))) {
      parts.description.push_back(note);
      continue;
    }
    if (at > 0) parts.description.push_back(note.substr(0, at - 1));
    parts.exit_status.push_back(note.substr(at + k_words.size()));
  }
  return parts;
}

/// Of a command that says nothing of its own.
constexpr const char* k_exit_status = "0 it is done · 2 usage error · 3 it could not be done · 130 interrupted.";

std::string see_also(const CommandHelp& command, const CommandHelp& whole) {
  std::vector<std::string> pages;
  for (const auto* other : all_commands(whole))
    if (other->path != command.path) pages.push_back(fmt::format(".BR {} (1)", roff(page_name(*other))));
  return fmt::format("{}\n", fmt::join(pages, ",\n"));
}

} // namespace

std::string manual_page(const CommandHelp& command, const CommandHelp& whole, const std::string& version) {
  auto title = page_name(command);
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  auto text = fmt::format(".\\\" made by `kdt man`\n.TH {} 1 \"\" \"kdt {}\" \"kdt manual\"\n", roff(title), version);
  bool program = command.path == whole.path;
  text += fmt::format(".SH NAME\n{} \\- {}\n", roff(page_name(command)),
                      roff(program ? "end-to-end tests of kdump on arm64" : command.about));
  text += section("SYNOPSIS", synopsis(command));
  auto notes = parted(command.notes);
  if (program) notes.description.insert(notes.description.begin(), command.about);
  text += section("DESCRIPTION", paragraphs(notes.description));
  std::string arguments, options, commands, examples;
  for (const auto& positional : command.positionals) arguments += entry(positional);
  for (const auto& option : command.options) options += entry(option);
  for (const auto& below : command.commands)
    commands += fmt::format(".TP\n.BR {} (1)\n{}\n", roff(page_name(below)), roff(below.about));
  for (const auto& example : command.examples) examples += fmt::format("{}\n", roff(example));
  text += section("ARGUMENTS", arguments) + section("OPTIONS", options) + section("COMMANDS", commands);
  if (!examples.empty()) text += section("EXAMPLES", ".nf\n" + examples + ".fi\n");
  if (notes.exit_status.empty()) notes.exit_status.emplace_back(k_exit_status);
  return text + section("EXIT STATUS", paragraphs(notes.exit_status)) + section("SEE ALSO", see_also(command, whole));
}

std::map<std::string, std::string> manual_pages(const CommandHelp& whole, const std::string& version) {
  std::map<std::string, std::string> pages;
  for (const auto* command : all_commands(whole))
    pages[page_name(*command) + ".1"] = manual_page(*command, whole, version);
  return pages;
}

} // namespace kdt::cli
