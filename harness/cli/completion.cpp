#include "cli/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kdt::cli {

namespace {

/// "images build": what was typed behind the program's name; "" for the program itself.
std::string typed_path(const CommandHelp& command) {
  auto space = command.path.find(' ');
  return space == std::string::npos ? "" : command.path.substr(space + 1);
}

std::vector<std::string> option_words(const CommandHelp& command) {
  std::vector<std::string> words;
  for (const auto& option : command.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
    if (!option.attached.empty()) words.push_back(option.names.back() + "=");
  }
  return words;
}

std::vector<std::string> command_words(const CommandHelp& command) {
  std::vector<std::string> words;
  for (const auto& below : command.commands) words.push_back(below.name);
  return words;
}

/// Between single quotes of any of the three shells; extra: more characters that get a backslash.
std::string quoted_words(std::string_view text, std::string_view extra = "") {
  std::string all = "'";
  for (char c : text) {
    if (c == '\'')
      all += "'\\''";
    else if (c == '\n')
      all += ' ';
    else
      all += (extra.find(c) != std::string_view::npos ? "\\" : "") + std::string(1, c);
  }
  return all + "'";
}

/// The paths of all commands, as alternatives of a case.
std::string alternatives(const CommandHelp& help, const char* quote, const char* between) {
  std::vector<std::string> paths;
  for (const auto* command : all_commands(help))
    if (auto path = typed_path(*command); !path.empty()) paths.push_back(quote + path + quote);
  return fmt::format("{}", fmt::join(paths, between));
}

std::string bash_values(const CommandHelp& command) {
  std::string text;
  for (const auto& option : command.options)
    if (option.takes_value)
      text += fmt::format("        {}) words='{}' ;;\n", fmt::join(option.names, "|"), fmt::join(option.values, " "));
  return text;
}

std::string zsh_option(const OptionHelp& option) {
  auto about = quoted_words(option.about, "[]:\\");
  std::string value;
  if (option.takes_value)
    value = option.values.empty() ? ":value:_files" : fmt::format(":value:({})", fmt::join(option.values, " "));
  std::string text, equals;
  if (!option.attached.empty()) {
    equals = "=-"; // a value only behind "=", and that may be left out
    value = "::value: ";
  }
  for (const auto& name : option.names) text += fmt::format(" \\\n        '*{}{}['{}']{}'", name, equals, about, value);
  return text;
}

std::string fish_option(const std::string& condition, const OptionHelp& option) {
  auto text = fmt::format("complete -c kdt -n {}", condition);
  for (const auto& name : option.names)
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (option.takes_value)
    text += option.values.empty() ? " -r" : fmt::format(" -x -a '{}'", fmt::join(option.values, " "));
  return fmt::format("{} -d {}\n", text, quoted_words(option.about, "\\"));
}

} // namespace

std::string bash_completion(const CommandHelp& help) {
  std::string text = "# bash completion of kdt, made by `kdt completion bash`. Source it, or put it into\n"
                     "# ~/.local/share/bash-completion/completions/kdt\n"
                     "_kdt() {\n"
                     "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at= next= words= i\n"
                     "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
                     "    next=\"${at:+$at }${COMP_WORDS[i]}\"\n";
  text += fmt::format("    case \"$next\" in {}) at=$next ;; esac\n  done\n  case \"$at\" in\n",
                      alternatives(help, "'", "|"));
  for (const auto* command : all_commands(help)) {
    text += fmt::format(
        "    '{}')\n      case \"$word\" in\n        -*) words='{}' ;;\n        *) words='{}' ;;\n      "
        "esac\n",
        typed_path(*command), fmt::join(option_words(*command), " "), fmt::join(command_words(*command), " "));
    if (auto values = bash_values(*command); !values.empty())
      text += "      case \"$before\" in\n" + values + "      esac\n";
    text += "      ;;\n";
  }
  return text + "  esac\n"
                "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                "}\n"
                "complete -o bashdefault -o default -F _kdt kdt ./kdt\n";
}

std::string zsh_completion(const CommandHelp& help) {
  std::string text =
      "#compdef kdt\n"
      "# zsh completion of kdt, made by `kdt completion zsh`: put it as _kdt into a directory of $fpath\n"
      "_kdt() {\n"
      "  local at= next= i last=1\n"
      "  for ((i = 2; i < CURRENT; ++i)); do\n"
      "    next=\"${at:+$at }${words[i]}\"\n";
  text += fmt::format("    case \"$next\" in ({}) at=$next; last=$i ;; esac\n  done\n"
                      "  words=(\"${{(@)words[last,-1]}}\")\n  CURRENT=$((CURRENT - last + 1))\n  case \"$at\" in\n",
                      alternatives(help, "'", "|"));
  for (const auto* command : all_commands(help)) {
    text += fmt::format("    ('{}')\n", typed_path(*command));
    if (!command->commands.empty()) {
      text += "      local -a commands=(\n";
      for (const auto& below : command->commands)
        text += fmt::format("        {}\n", quoted_words(below.name + ":" + below.about));
      text += "      )\n      [[ $words[CURRENT] == -* ]] || { _describe command commands; return }\n";
    }
    text += "      _arguments";
    for (const auto& option : command->options) text += zsh_option(option);
    if (command->commands.empty()) text += " \\\n        '*:file:_files'";
    text += "\n      ;;\n";
  }
  return text + "  esac\n}\nif [[ $funcstack[1] == _kdt ]]; then _kdt \"$@\"; else compdef _kdt kdt; fi\n";
}

std::string fish_completion(const CommandHelp& help) {
  std::string text = "# fish completion of kdt, made by `kdt completion fish`: put it into\n"
                     "# ~/.config/fish/completions/kdt.fish\n"
                     "function __kdt_at\n"
                     "    set -l at ''\n"
                     "    for word in (commandline -opc)[2..-1]\n"
                     "        set -l next (string trim -- \"$at $word\")\n";
  text += fmt::format("        contains -- $next {}; and set at $next\n    end\n    test \"$at\" = \"$argv\"\nend\n",
                      alternatives(help, "'", " "));
  for (const auto* command : all_commands(help)) {
    auto condition = quoted_words("__kdt_at " + typed_path(*command));
    if (!command->commands.empty()) text += fmt::format("complete -c kdt -n {} -f\n", condition);
    for (const auto& below : command->commands)
      text +=
          fmt::format("complete -c kdt -n {} -a {} -d {}\n", condition, below.name, quoted_words(below.about, "\\"));
    for (const auto& option : command->options) text += fish_option(condition, option);
  }
  return text;
}

} // namespace kdt::cli
