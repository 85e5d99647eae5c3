#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/completion.hpp"
#include "cli/manual.hpp"

#include <algorithm>

namespace kdt::cli {

namespace {

CommandHelp whole_help(const CLI::App& command) {
  const auto* top = &command;
  while (top->get_parent() != nullptr) top = top->get_parent();
  return describe(*top);
}

int completion_action(const CLI::App& app, const std::string& shell) {
  auto help = whole_help(app);
  fmt::print("{}", shell == "bash"  ? bash_completion(help)
                   : shell == "zsh" ? zsh_completion(help)
                                    : fish_completion(help));
  return 0;
}

struct ManArguments {
  std::vector<std::string> command;
  std::string directory;
};

int man_action(const CLI::App& app, const ManArguments& arguments) {
  auto help = whole_help(app);
  if (!arguments.directory.empty()) {
    make_directories(arguments.directory);
    for (const auto& [name, page] : manual_pages(help, KDT_VERSION))
      write_file_atomic(fs::path(arguments.directory) / name, page);
    return 0;
  }
  auto path = help.path;
  for (const auto& word : arguments.command) path += " " + word;
  std::vector<std::string> known;
  for (const auto* command : all_commands(help)) {
    if (command->path == path) {
      fmt::print("{}", manual_page(*command, help, KDT_VERSION));
      return 0;
    }
    known.push_back(command->path);
  }
  throw Error(Blame::usage, "there is no command '{}'{}", printable(path), suggestion(path, known));
}

} // namespace

Action register_completion(CLI::App& app, const Context&) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "whose: bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  app.footer("Examples:\n"
             "  ./kdt completion bash > ~/.local/share/bash-completion/completions/kdt\n"
             "  ./kdt completion zsh > ~/.zfunc/_kdt\n"
             "  ./kdt completion fish > ~/.config/fish/completions/kdt.fish");
  return [&app, shell] { return completion_action(app, *shell); };
}

Action register_man(CLI::App& app, const Context&) {
  auto arguments = std::make_shared<ManArguments>();
  app.add_option("COMMAND", arguments->command, "whose page; without one, that of kdt itself");
  app.add_option("--dir", arguments->directory, "write every page into this directory instead");
  app.footer("Examples:\n"
             "  ./kdt man run | man -l -\n"
             "  ./kdt man images build | man -l -\n"
             "  ./kdt man --dir ~/.local/share/man/man1");
  return [&app, arguments] { return man_action(app, *arguments); };
}

} // namespace kdt::cli
