// The program: picks a subcommand, turns Errors into sentences and exit codes, and Ctrl-C into a stop request.

#include "base/error.hpp"
#include "cli/application.hpp"
#include "cli/repository.hpp"
#include "cli/signals.hpp"
#include "machine/libvirt_root.hpp"
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
  if (argc >= 2 && argv[1] == machine::k_keeper_command) return machine::keeper_main(argc, argv);

  Signals signals; // before any other thread starts
  Context context{.repository = {}, .stop = signals.stop_token()};
  Application application(context);
  try {
    application.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return application.app().exit(error); // --help, --version
    throw Error(Blame::usage, "{}", usage_sentence(application.app(), error));
  }
  context.repository = find_repository();
  return application.run();
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
