#include "image/packaged_source.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "image/debian.hpp"
#include "image/facts.hpp"
#include "image/kernel_builder.hpp"
#include "image/tools.hpp"

#include <fmt/ranges.h>

namespace kdt::image {

namespace {

// Part of the keys: raise when the same inputs shall give another result.
constexpr const char* k_source_recipe = "1";
constexpr const char* k_kernel_recipe = "1";

void build_source(const SourceSpec& source, const fs::path& images, const fs::path& directory, BuildSteps& steps) {
  require_space(directory, source.free_space, "unpacking " + source.archive.string());
  fs::path archive = source.archive;
  std::optional<TempDir> fetched;
  if (source.suite) {
    fetched.emplace("kdt-source", directory);
    unpack_packages({.suite = *source.suite,
                     .apt_sources = source.apt_sources,
                     .architecture = "arm64",
                     .wanted = source.package,
                     .keep = source.package,
                     .script = read_file(images / "fetch-packages.sh")},
                    fetched->path(), steps);
    archive = fetched->path() / "tree" / archive.relative_path();
  }
  Command tar{.argv = {"tar", "--extract", "--use-compress-program=xz --threads=0", "--file=" + archive.string(),
                       "--directory=" + directory.string(), "--strip-components=1", "--no-same-owner"}};
  for (const auto& pattern : source.leave_out) tar.argv.push_back("--exclude=" + pattern);
  steps.run("unpacking", tar);
}

} // namespace

EntryKey source_key(const SourceSpec& source) {
  if (!source.suite) require({{source.archive.string(), source.package}}, "kernel source " + source.name);
  const std::string version = source.suite ? "of " + source.suite->name : package_version(source.package);
  return {.kind = "source",
          .name = source.name,
          .inputs = {{"recipe", k_source_recipe},
                     {"package", source.package + " " + version},
                     {"archive", source.archive.string()},
                     {"leave_out", fmt::format("{}", fmt::join(source.leave_out, "\n"))}}};
}

std::vector<KconfigOption> PackagedSourceOrigin::options() const {
  return merged_options(name_, from_.fragments, images_ / "kconfig");
}

std::vector<Need> PackagedSourceOrigin::needs() const {
  auto needs = kernel_needs();
  if (from_.source.suite)
    for (auto& need : userspace_needs()) needs.push_back(need);
  else
    needs.insert(needs.begin(), Need{.what = from_.source.archive.string(), .package = from_.source.package});
  return needs;
}

EntryKey PackagedSourceOrigin::key() const {
  return {.kind = "kernel",
          .name = name_,
          .inputs = {{"recipe", k_kernel_recipe},
                     {"source", source_key(from_.source).hash()},
                     {"options", allconfig_text(options())},
                     {"compiler", program_version("aarch64-linux-gnu-gcc")},
                     {"linker", program_version("aarch64-linux-gnu-ld")}}};
}

Facts PackagedSourceOrigin::forecast() const {
  std::string version = from_.source.package.substr(from_.source.package.rfind('-') + 1);
  try {
    std::string packaged = package_version(from_.source.package);
    version = packaged.substr(0, packaged.find('-'));
  } catch (const Error&) {
    // Without the package there is no kernel yet; what the fragments ask for still holds.
  }
  return kernel_facts(parse_config(allconfig_text(options())), fmt::format("{}-{}", version, name_));
}

KernelEntry PackagedSourceOrigin::provide(const MakeEntry& make) const {
  Lease source = make(source_key(from_.source), [&](const fs::path& directory, BuildSteps& steps) {
    build_source(from_.source, images_, directory, steps);
  });
  Lease kernel = make(key(), [&](const fs::path& directory, BuildSteps& steps) {
    require_space(directory, from_.free_space, "building kernel " + name_);
    const BuildPlace place{.source = source.path(), .build = directory / "module-build"};
    make_directories(place.build);
    configure_kernel(place, options(), "", steps);
    if (auto unmet = unmet_options(options(), parse_config(read_file(place.build / ".config"))); !unmet.empty())
      throw Error(Blame::usage, "kernel {}: Kconfig did not grant {} (a dependency is missing, or the name is wrong)",
                  name_, fmt::join(unmet, "; "));
    compile_kernel(place, from_.steps, steps);
    collect_kernel(place.build, directory, steps);
  });
  // The Makefile in module-build names the source as it was called when the kernel was built: a cache may move.
  std::vector<std::string> module_make{"-C", source.path().string(), "O=" + (kernel.path() / "module-build").string()};
  std::vector<Lease> beside;
  beside.push_back(std::move(source));
  return {.entry = std::move(kernel), .module_make = std::move(module_make), .beside = std::move(beside)};
}

} // namespace kdt::image
