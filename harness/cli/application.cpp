#include "cli/application.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace kdt::cli {

namespace {

constexpr const char* k_about =
    "kdt proves, in real virtual machines, that kdump works on arm64: it boots guests from a matrix, loads a capture\n"
    "kernel, probes whether stray writes to the crash region fault, panics the guest, and checks the saved vmcore.";
constexpr const char* k_exit_codes =
    "Exit status: 0 all as expected · 1 a cell failed or passed unexpectedly · 2 usage or matrix error, or a kernel\n"
    "of yours does not build · 3 only infrastructure errors · 130 interrupted. `kdt test` builds and runs kdt's own\n"
    "tests (see CONTRIBUTING.md).\n\n"
    "Examples:\n"
    "  ./kdt run matrices/smoke.yaml\n"
    "  ./kdt list matrices/arm64.yaml --only rodata=full\n"
    "  ./kdt explain capture-timeout\n"
    "  ./kdt run --help";

struct CommandEntry {
  const char* name;
  const char* about;
  Register enroll;
};
constexpr CommandEntry k_commands[] = {
    {"run", "run the cells of a matrix", register_run},
    {"repro", "one cell again, exactly as it was: with its console, under gdb, or up to a phase", register_repro},
    {"bundle", "all that another machine needs to run a cell again, in one archive", register_bundle},
    {"minimize", "the smallest difference between a red cell and one that passes", register_minimize},
    {"list", "every cell of a matrix, what is expected of it and why", register_list},
    {"verify", "judge a vmcore on its own", register_verify},
    {"report", "render a finished run again", register_report},
    {"diff", "what changed from one run to a later one", register_diff},
    {"merge", "one run of the shards of a matrix", register_merge},
    {"history", "what a cell came to in earlier runs", register_history},
    {"explain", "what a finding means, usual causes, what to do next", register_explain},
    {"images", "what is cached; build it, clean it up", register_images},
    {"doctor", "is this host able to run kdt, and how to mend it", register_doctor},
    {"completion", "what a shell completes kdt's command lines by", register_completion},
    {"man", "manual pages", register_man},
};

/// CLI11 shows a flag as it was told of it, "--gdb{1234}" and "--no-template{false}"; people type "--gdb[=PORT]" and
/// "--no-template". The text of an option is what may be attached to its name.
class HelpText : public CLI::Formatter {
public:
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    auto name = CLI::Formatter::make_option_name(option, positional);
    for (auto open = name.find('{'); open != std::string::npos; open = name.find('{'))
      name.erase(open, name.find('}', open) - open + 1);
    return name + option->get_option_text();
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_option_text().empty() ? CLI::Formatter::make_option_opts(option) : "";
  }
};

/// The subcommand that was chosen last, or the program itself.
const CLI::App* chosen(const CLI::App& app) {
  const auto* deepest = &app;
  for (auto below = deepest->get_subcommands(); !below.empty(); below = deepest->get_subcommands())
    deepest = below.front();
  return deepest;
}

/// "kdt images build"
std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// A word that nothing takes.
std::string about_word(const CLI::App& app, const std::string& word) {
  if (word.starts_with("-"))
    return fmt::format("there is no option {}{}", printable(word), suggestion(word, option_names(app)));
  auto commands = command_names(app);
  if (!commands.empty()) return fmt::format("there is no command '{}'{}", printable(word), suggestion(word, commands));
  return fmt::format("'{}' is one word too many", printable(word));
}

} // namespace

Application::Application(const Context& context) : app_(k_about, "kdt") {
  app_.formatter(std::make_shared<HelpText>()); // subcommands take it over
  app_.footer(k_exit_codes);
  app_.require_subcommand(1);
  app_.set_version_flag("--version", std::string("kdt ") + KDT_VERSION);
  for (const auto& command : k_commands) {
    auto* sub = app_.add_subcommand(command.name, command.about);
    actions_.emplace_back(sub, command.enroll(*sub, context));
  }
}

int Application::run() const {
  for (const auto& [sub, action] : actions_)
    if (sub->parsed()) return action();
  KDT_ASSERT(!"a subcommand is required");
}

std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error) {
  const auto* at = chosen(app);
  auto left = app.remaining(true);
  auto what = left.empty() ? std::string(error.what()) : about_word(*at, left.front());
  std::ranges::replace(what, '\n', ' ');
  auto who = at == &app ? "" : full_name(*at).substr(app.get_name().size() + 1) + ": ";
  return fmt::format("{}{}; see {} --help", who, what, full_name(*at));
}

} // namespace kdt::cli
