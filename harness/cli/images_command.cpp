#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "image/images.hpp"
#include "report/cell_text.hpp"

namespace kdt::cli {

namespace {

struct ImagesArguments {
  CLI::App* list = nullptr;
  CLI::App* build = nullptr;
  CLI::App* gc = nullptr;
  std::vector<std::string> names;
  bool refresh = false;
  int unused_days = 30;
  unsigned keep_newest = 1;
};

void print_list(const image::Images& images) {
  for (const auto& kernel : images.kernels()) {
    fmt::print("{:<14} {:<10} {}\n", kernel.name, kernel.built ? "built" : "not built", kernel.description);
    if (!kernel.obstacle.empty()) fmt::print("{:<14} {:<10} {}\n", "", "", kernel.obstacle);
  }
  auto entries = images.entries();
  if (entries.empty()) return;
  ByteSize total;
  fmt::print("\nIn the cache:\n");
  for (const auto& entry : entries) {
    fmt::print("{:>9}  built in {:>10}  {}\n", human(entry.size), report::duration_text(entry.build_time), entry.id);
    total = total + entry.size;
  }
  fmt::print("{:>9}  in all\n", human(total));
}

int images_action(const ImagesArguments& arguments, const Context& context) {
  Terminal terminal(0);
  image::Images images(default_cache_directory(), context.repository,
                       [&](const image::Progress& progress) { terminal.image_progress(progress); });
  if (arguments.build->parsed()) {
    if (arguments.refresh) images.refresh_userspace(context.stop);
    for (const auto& name : arguments.names.empty() ? images.catalogue().names() : arguments.names) {
      auto kernel = images.kernel(name, context.stop);
      fmt::print("{}: {} ({})\n", name, kernel.release, kernel.image.parent_path().string());
    }
  } else if (arguments.gc->parsed()) {
    ByteSize freed;
    for (const auto& entry : images.gc({std::chrono::days(arguments.unused_days), arguments.keep_newest})) {
      fmt::print("removed {}\n", entry.id);
      freed = freed + entry.size;
    }
    fmt::print("{} freed\n", human(freed));
  } else {
    print_list(images);
  }
  return 0;
}

} // namespace

Action register_images(CLI::App& app, const Context& context) {
  auto arguments = std::make_shared<ImagesArguments>();
  app.require_subcommand(0, 1);
  arguments->list = app.add_subcommand("list", "kernels of images/kernels.yaml and what is cached (the default)");
  arguments->build = app.add_subcommand("build", "build kernels with all that belongs to them");
  arguments->build->add_option("KERNEL", arguments->names, "names of images/kernels.yaml; without one, all");
  arguments->build->add_flag("--refresh", arguments->refresh,
                             "fetch the guests' Debian packages again, for the versions of today");
  arguments->gc = app.add_subcommand("gc", "remove cached images that were not used for a while");
  arguments->gc->add_option("--unused-days", arguments->unused_days, "what was used since stays")
      ->capture_default_str();
  arguments->gc->add_option("--keep-newest", arguments->keep_newest, "of each kernel, by last use")
      ->capture_default_str();
  arguments->list->footer("Examples:\n"
                          "  ./kdt images list");
  arguments->build->footer("Examples:\n"
                           "  ./kdt images build v6.1-dma\n"
                           "  ./kdt images build --refresh");
  arguments->gc->footer("Examples:\n"
                        "  ./kdt images gc --unused-days 7 --keep-newest 2");
  app.footer("Examples:\n"
             "  ./kdt images list\n"
             "  ./kdt images build v6.1-dma v6.1-nodma\n"
             "  ./kdt images gc --unused-days 7");
  return [arguments, &context] { return images_action(*arguments, context); };
}

} // namespace kdt::cli
