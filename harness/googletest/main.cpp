// kdt-gtest: each cell of a matrix is a GoogleTest case.

#include "base/error.hpp"
#include "cli/application.hpp"
#include "cli/repository.hpp"
#include "cli/signals.hpp"
#include "googletest/cell_tests.hpp"
#include "googletest/session.hpp"
#include "machine/libvirt_root.hpp"
#include "vmcore/verify.hpp"

#include <gtest/gtest.h>

namespace {

using namespace kdt;
using namespace kdt::googletest;

constexpr const char* k_about = "kdt-gtest runs each cell of a matrix as a GoogleTest case.";
constexpr const char* k_footer =
    "GoogleTest's own options work unchanged (--gtest_help shows them), and so do its variables.\n\n"
    "Examples:\n"
    "  ./kdt-gtest matrices/smoke.yaml --gtest_list_tests\n"
    "  ./kdt-gtest matrices/smoke.yaml --gtest_filter='*rodata=on'\n"
    "  ./kdt-gtest matrices/arm64.yaml --only memory=1G --gtest_output=xml:cells.xml\n"
    "  ./kdt-gtest matrices/smoke.yaml --backend libvirt";

int run_program(int argc, char** argv) {
  if (argc >= 2 && argv[1] == vmcore::k_verify_command) return vmcore::verify_child_main(argc, argv);
  if (argc >= 2 && argv[1] == machine::k_keeper_command) return machine::keeper_main(argc, argv);
  cli::Signals signals; // before any other thread starts
  bool help = argc == 2 && (std::string(argv[1]) == "--help" || std::string(argv[1]) == "-h");
  if (!help) ::testing::InitGoogleTest(&argc, argv); // takes what is its own
  CLI::App app{k_about, "kdt-gtest"};
  app.footer(k_footer);
  Arguments arguments;
  arguments.add_to(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    throw Error(Blame::usage, "{}", cli::usage_sentence(app, error));
  }
  cli::Context context{.repository = cli::find_repository(), .stop = signals.stop_token()};
  Session session(std::move(arguments), context);
  std::vector<std::string> ids;
  for (const auto& planned : session.cells()) ids.push_back(planned.cell.id);
  RunCell run_cell = [&](const run::PlannedCell& planned) { return session.run(planned); };
  register_cells(session.cells(), test_names(ids, session.name()), session.file(), run_cell);
  int status = RUN_ALL_TESTS();
  session.finish();
  return context.stop.stop_requested() ? 130 : status;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const Interrupted&) {
    return 130;
  } catch (const Error& error) {
    std::fprintf(stderr, "kdt-gtest: %s\n", error.what());
    return error.blame() == Blame::usage ? 2 : 3;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kdt-gtest: bug: %s\n", error.what());
    return 3;
  }
}
