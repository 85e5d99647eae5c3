#include "image/kernel_builder.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <fmt/ranges.h>

#include <sched.h>

namespace kdt::image {

namespace {

unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

/// What building a module later does not read: objects, archives, build notes, and the kernel itself.
bool is_waste(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::string extension = file.extension().string();
  return extension == ".o" || extension == ".a" || extension == ".cmd" || extension == ".d" || name == "vmlinux" ||
         name == "Image" || name.starts_with(".tmp_") || name.starts_with("vmlinux.");
}

void prune(const fs::path& build) {
  std::vector<fs::path> waste;
  for (const auto& entry : fs::recursive_directory_iterator(build))
    if (entry.is_regular_file() && is_waste(entry.path())) waste.push_back(entry.path());
  for (const auto& file : waste) fs::remove(file);
}

} // namespace

Command kernel_make(const std::vector<std::string>& arguments) {
  Command command{.argv = {"make", "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-"}};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = {{"KBUILD_BUILD_USER", "kdt"},
                         {"KBUILD_BUILD_HOST", "kdt"},
                         {"KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"},
                         {"LC_ALL", "C"},
                         {"MAKEFLAGS", ""},
                         {"KBUILD_OUTPUT", ""},
                         {"LOCALVERSION", ""},
                         {"KCFLAGS", ""}};
  return command;
}

std::vector<KconfigOption> merged_options(const std::string& kernel, const std::vector<std::string>& fragments,
                                          const fs::path& kconfig) {
  std::vector<std::vector<KconfigOption>> read;
  for (const auto& name : fragments) read.push_back(parse_fragment(name, read_file(kconfig / (name + ".config"))));
  auto options = merge_fragments(read);
  // The name in the release tells two kernels of one version apart, on the console and in a vmcore.
  options.push_back({"CONFIG_LOCALVERSION", fmt::format("\"-{}\"", kernel), "kernels.yaml: " + kernel});
  return options;
}

void configure_kernel(const BuildPlace& place, const std::vector<KconfigOption>& options, const std::string& config,
                      BuildSteps& steps) {
  std::vector<std::string> make{"-C", place.source.string(), "O=" + place.build.string()};
  if (config.empty()) {
    write_file(place.build / "asked.config", allconfig_text(options));
    make.push_back("KCONFIG_ALLCONFIG=" + (place.build / "asked.config").string());
    make.emplace_back("allnoconfig");
  } else { // of an option that is there twice, the last one counts
    write_file(place.build / ".config", config + "\n" + allconfig_text(options));
    make.emplace_back("olddefconfig");
  }
  steps.run("configuring", kernel_make(make));
}

void compile_kernel(const BuildPlace& place, unsigned lines, BuildSteps& steps) {
  Command compile = kernel_make({"-C", place.source.string(), "O=" + place.build.string(),
                                 fmt::format("-j{}", processors()), "Image", "modules"});
  if (find_program("ccache")) {
    for (const char* compiler : {"CC=ccache aarch64-linux-gnu-gcc", "HOSTCC=ccache gcc"})
      compile.argv.emplace_back(compiler);
    compile.environment["CCACHE_NOHASHDIR"] = "1"; // each build has a directory of its own
  }
  compile.argv.insert(compile.argv.begin(), {"nice", "-n", "10"}); // cells of another kernel may be running
  compile.environment["TMPDIR"] = place.build.string();            // what a killed compiler leaves goes with the entry
  steps.run("compiling", compile, lines);
}

void collect_kernel(const fs::path& build, const fs::path& entry, BuildSteps& steps) {
  steps.act("collecting", [&] {
    fs::rename(build / "arch/arm64/boot/Image", entry / "Image");
    fs::rename(build / "vmlinux", entry / "vmlinux");
    fs::rename(build / "System.map", entry / "System.map");
    fs::copy_file(build / ".config", entry / "config");
    write_file(entry / "release", std::string(trim(read_file(build / "include/config/kernel.release"))));
    prune(build);
  });
}

} // namespace kdt::image
