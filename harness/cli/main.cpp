// The program: picks a subcommand, turns Errors into sentences and exit codes, and Ctrl-C into a stop request.

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/repository.hpp"
#include "cli/signals.hpp"
#include "vmcore/verify.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

namespace {

using namespace kdt;
using namespace kdt::cli;

constexpr const char* k_about =
    "kdt proves, in real virtual machines, that kdump works on arm64: it boots guests from a matrix, loads a capture\n"
    "kernel, probes whether stray writes to the crash region fault, panics the guest, and checks the saved vmcore.";
constexpr const char* k_exit_codes =
    "Exit status: 0 all as expected · 1 a cell failed or passed unexpectedly · 2 usage or matrix error, or a kernel\n"
    "of yours does not build · 3 only infrastructure errors · 130 interrupted. `kdt test` builds and runs kdt's own\n"
    "tests (see CONTRIBUTING.md).";

void set_up_logging() {
  auto logger = spdlog::stderr_color_mt("kdt");
  logger->set_pattern("kdt: %^%l%$: %v");
  spdlog::set_default_logger(logger);
}

int exit_status_of(const Error& error) {
  std::fprintf(stderr, "kdt: %s\n", error.what());
  return error.blame() == Blame::usage ? 2 : 3;
}

int run_program(int argc, char** argv) {
  if (argc >= 2 && argv[1] == vmcore::k_verify_command) return vmcore::verify_child_main(argc, argv);

  CLI::App app{k_about, "kdt"};
  app.footer(k_exit_codes);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("kdt ") + KDT_VERSION);
  Signals signals; // before any other thread starts
  Context context{.repository = {}, .stop = signals.stop_token()};

  struct Command {
    const char* name;
    const char* about;
    Register enroll;
  };
  constexpr Command commands[] = {
      {"run", "run the cells of a matrix", register_run},
      {"list", "every cell of a matrix, what is expected of it and why", register_list},
      {"verify", "judge a vmcore on its own", register_verify},
      {"report", "render a finished run again", register_report},
      {"diff", "what changed from one run to a later one", register_diff},
      {"explain", "what a finding means, usual causes, what to do next", register_explain},
      {"images", "what is cached; build it, clean it up", register_images},
      {"doctor", "is this host able to run kdt, and how to mend it", register_doctor},
  };
  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const auto& command : commands) {
    auto* sub = app.add_subcommand(command.name, command.about);
    actions.emplace_back(sub, command.enroll(*sub, context));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  context.repository = find_repository();
  for (const auto& [sub, action] : actions)
    if (sub->parsed()) return action();
  KDT_ASSERT(!"a subcommand is required");
}

/// What was printed is in a buffer until now, and the file or pipe behind it may be full or gone.
int with_output_written(int status) {
  bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written) return status;
  if (errno == EPIPE) return 128 + SIGPIPE; // `kdt list … | head`
  throw Error(Blame::infra, "what was printed could not be written: {}", std::strerror(errno));
}

} // namespace

int main(int argc, char** argv) {
  set_up_logging();
  try {
    return with_output_written(run_program(argc, argv));
  } catch (const Interrupted&) {
    std::fprintf(stderr, "kdt: interrupted\n");
    return 130;
  } catch (const Error& error) {
    return exit_status_of(error);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe) return 128 + SIGPIPE; // `kdt list … | head`
    std::fprintf(stderr, "kdt: bug: %s\n", error.what());
    return 3;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kdt: bug: %s\n", error.what());
    return 3;
  }
}
