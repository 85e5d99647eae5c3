#pragma once

#include "cli/command.hpp"

#include <string>
#include <utility>
#include <vector>

namespace kdt::cli {

/// The program's command line: every subcommand with its options and what runs when it was chosen. Not for parsing by
/// itself: main() does.
class Application {
public:
  /// The context outlives it.
  explicit Application(const Context& context);
  Application(const Application&) = delete;

  CLI::App& app() { return app_; }
  const CLI::App& app() const { return app_; }
  /// Runs the subcommand that parse() chose; its exit status.
  int run() const;

private:
  CLI::App app_;
  std::vector<std::pair<CLI::App*, Action>> actions_;
};

/// What is wrong with a command line that parse() refused, in one sentence, with the name that was probably meant.
std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error);

} // namespace kdt::cli
