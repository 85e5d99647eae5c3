#include "image/kernel_builder.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/tools.hpp"

#include <fmt/ranges.h>

#include <sched.h>

namespace kdt::image {

namespace {

// Part of the keys: raise when the same inputs shall give another result.
constexpr const char* k_source_recipe = "1";
constexpr const char* k_kernel_recipe = "1";

unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

void configure(const KernelSpec& kernel, const std::vector<KconfigOption>& options, const fs::path& source,
               const fs::path& build, BuildSteps& steps) {
  write_file(build / "asked.config", allconfig_text(options));
  steps.run("configuring", kernel_make({"-C", source.string(), "O=" + build.string(),
                                        "KCONFIG_ALLCONFIG=" + (build / "asked.config").string(), "allnoconfig"}));
  const auto unmet = unmet_options(options, parse_config(read_file(build / ".config")));
  if (!unmet.empty())
    throw Error(Blame::usage, "kernel {}: Kconfig did not grant {} (a dependency is missing, or the name is wrong)",
                kernel.name, fmt::join(unmet, "; "));
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

EntryKey source_key(const SourceSpec& source) {
  require({{source.archive.string(), source.package}}, "kernel source " + source.name);
  return {.kind = "source",
          .name = source.name,
          .inputs = {{"recipe", k_source_recipe},
                     {"package", source.package + " " + package_version(source.package)},
                     {"archive", source.archive.string()},
                     {"leave_out", fmt::format("{}", fmt::join(source.leave_out, "\n"))}}};
}

void build_source(const SourceSpec& source, const fs::path& directory, BuildSteps& steps) {
  require_space(directory, source.free_space, "unpacking " + source.archive.string());
  Command tar{.argv = {"tar", "--extract", "--use-compress-program=xz --threads=0", "--file=" + source.archive.string(),
                       "--directory=" + directory.string(), "--strip-components=1", "--no-same-owner"}};
  for (const auto& pattern : source.leave_out) tar.argv.push_back("--exclude=" + pattern);
  steps.run("unpacking", tar);
}

std::vector<KconfigOption> merged_options(const KernelSpec& kernel, const fs::path& kconfig) {
  std::vector<std::vector<KconfigOption>> fragments;
  for (const auto& name : kernel.fragments)
    fragments.push_back(parse_fragment(name, read_file(kconfig / (name + ".config"))));
  auto options = merge_fragments(fragments);
  // The name in the release tells two kernels of one version apart, on the console and in a vmcore.
  options.push_back({"CONFIG_LOCALVERSION", fmt::format("\"-{}\"", kernel.name), "kernels.yaml: " + kernel.name});
  return options;
}

EntryKey kernel_key(const KernelSpec& kernel, const EntryKey& source, const std::vector<KconfigOption>& options) {
  return {.kind = "kernel",
          .name = kernel.name,
          .inputs = {{"recipe", k_kernel_recipe},
                     {"source", source.hash()},
                     {"options", allconfig_text(options)},
                     {"compiler", program_version("aarch64-linux-gnu-gcc")},
                     {"linker", program_version("aarch64-linux-gnu-ld")}}};
}

void build_kernel(const KernelSpec& kernel, const std::vector<KconfigOption>& options, const fs::path& source,
                  const fs::path& directory, BuildSteps& steps) {
  require_space(directory, kernel.free_space, "building kernel " + kernel.name);
  const fs::path build = directory / "module-build";
  make_directories(build);
  configure(kernel, options, source, build, steps);
  Command compile = kernel_make({"-C", build.string(), fmt::format("-j{}", processors()), "Image", "modules"});
  compile.argv.insert(compile.argv.begin(), {"nice", "-n", "10"}); // cells of another kernel may be running
  compile.environment["TMPDIR"] = build.string();                  // what a killed compiler leaves goes with the entry
  steps.run("compiling", compile, kernel.steps);
  steps.act("collecting", [&] {
    fs::rename(build / "arch/arm64/boot/Image", directory / "Image");
    fs::rename(build / "vmlinux", directory / "vmlinux");
    fs::rename(build / "System.map", directory / "System.map");
    fs::copy_file(build / ".config", directory / "config");
    write_file(directory / "release", std::string(trim(read_file(build / "include/config/kernel.release"))));
    prune(build);
  });
}

} // namespace kdt::image
