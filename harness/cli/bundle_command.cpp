#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/cell_place.hpp"
#include "cli/command.hpp"
#include "cli/kernel_again.hpp"
#include "run/bundle.hpp"

namespace kdt::cli {

namespace {

constexpr const char* k_bundle_help = "`kdt repro FILE` runs the cell on another machine. Without kdt there: tar "
                                      "--zstd -xf FILE, and start its repro.sh.\n\n"
                                      "Examples:\n"
                                      "  ./kdt bundle runs/nightly/cells/kernel=v6.1-dma_rodata=full\n"
                                      "  ./kdt bundle 'kernel=v6.1-dma/rodata=full' --run runs/nightly -o red.tar.zst";

struct BundleArguments {
  std::string cell;
  std::string run;
  std::string file;
  bool no_vmlinux = false;
  bool vmcore = false;
};

int bundle_action(const BundleArguments& arguments, const Context& context) {
  auto place = find_cell(arguments.cell, arguments.run);
  fs::path file = arguments.file.empty() ? place.result.cell.slug + ".tar.zst" : arguments.file;
  if (fs::exists(file)) throw Error(Blame::usage, "{} is there already: choose another -o", file.string());
  image::Images images(default_cache_directory(), context.repository);
  auto kernel = kernel_again(place.recipe, images, context.stop);
  try {
    run::write_bundle(place.directory, kernel,
                      {.vmlinux = !arguments.no_vmlinux, .vmcore = arguments.vmcore, .kdt_version = KDT_VERSION}, file);
  } catch (...) { // half a bundle helps nobody
    std::error_code ignored;
    fs::remove(file, ignored);
    throw;
  }
  fmt::print("{} ({}): ./kdt repro {} runs the cell on any machine\n", printable(file.string()),
             human(size_of_file(file)), printable(shell_quoted(file.string())));
  return 0;
}

} // namespace

Action register_bundle(CLI::App& app, const Context& context) {
  auto arguments = std::make_shared<BundleArguments>();
  app.footer(k_bundle_help);
  app.add_option("CELL", arguments->cell, "the id of a cell, or its directory")->required();
  app.add_option("--run", arguments->run, "the run directory that has it (default: the last one in runs/ that has)");
  app.add_option("-o,--output", arguments->file, "the archive to write (default: NAME.tar.zst, after the cell)");
  app.add_flag("--no-vmlinux", arguments->no_vmlinux, "leave vmlinux and System.map out: no symbols there");
  app.add_flag("--vmcore", arguments->vmcore, "with what was kept of dumps, too");
  return [arguments, &context] { return bundle_action(*arguments, context); };
}

} // namespace kdt::cli
