#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <stop_token>

namespace kdt::cli {

/// What every subcommand gets: where the repository is, and the user's wish to stop.
struct Context {
  std::filesystem::path repository; ///< holds images/, guests/, matrices/
  std::stop_token stop;
};

/// A subcommand registers its options on the application and returns what runs when it was chosen; that returns the
/// process's exit status (design.md section 3). The context outlives the call.
using Action = std::function<int()>;
using Register = Action (*)(CLI::App& app, const Context& context);

Action register_run(CLI::App& app, const Context& context);
Action register_repro(CLI::App& app, const Context& context);
Action register_bundle(CLI::App& app, const Context& context);
Action register_minimize(CLI::App& app, const Context& context);
Action register_list(CLI::App& app, const Context& context);
Action register_verify(CLI::App& app, const Context& context);
Action register_diff(CLI::App& app, const Context& context);
Action register_report(CLI::App& app, const Context& context);
Action register_merge(CLI::App& app, const Context& context);
Action register_history(CLI::App& app, const Context& context);
Action register_explain(CLI::App& app, const Context& context);
Action register_images(CLI::App& app, const Context& context);
Action register_doctor(CLI::App& app, const Context& context);
Action register_completion(CLI::App& app, const Context& context);
Action register_man(CLI::App& app, const Context& context);

} // namespace kdt::cli
