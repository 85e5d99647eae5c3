#include "image/packaged_kernel.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "image/debian.hpp"
#include "image/elf.hpp"
#include "image/facts.hpp"
#include "image/kernel_modules.hpp"
#include "image/userspace_builder.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::image {

namespace {

constexpr const char* k_packaged_recipe = "1";
/// Packages of a kernel and of what builds modules for it.
constexpr const char* k_kernel_packages = "linux-(image|base|binary|modules|headers|kbuild)-.*";

std::string script(const fs::path& images) {
  return read_file(images / "fetch-packages.sh");
}

/// The entries of a directory whose name begins and ends so, sorted; none when there is no such directory.
std::vector<fs::path> named(const fs::path& directory, std::string_view start, std::string_view end = "") {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(start) && name.ends_with(end)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path only(const fs::path& directory, std::string_view start, std::string_view end = "") {
  auto found = named(directory, start, end);
  if (found.size() != 1)
    throw Error(Blame::infra, "the kernel's packages hold {} files {}*{} in {}, not one", found.size(), start, end,
                directory.filename().string());
  return found.front();
}

bool is_elf(const fs::path& file) {
  constexpr std::string_view k_magic = "\x7f"
                                       "ELF";
  return read_file(file).starts_with(k_magic);
}

/// Finds the C library's directory: lib/TRIPLET, on merged-/usr releases below usr/.
fs::path loader_in(const fs::path& tree) {
  for (const char* libraries : {"usr/lib", "lib"})
    for (const auto& directory : named(tree / libraries, "", "-linux-gnu"))
      for (const auto& file : named(directory, "ld-linux"))
        if (fs::exists(file)) return file;
  throw Error(Blame::infra, "the packages of the build programs hold no C library");
}

/// lib/modules/RELEASE, on merged-/usr releases below usr/.
fs::path modules_in(const fs::path& tree) {
  return only(fs::exists(tree / "usr/lib/modules") ? tree / "usr/lib/modules" : tree / "lib/modules", "");
}

} // namespace

std::vector<Need> PackagedKernelOrigin::needs() const {
  auto needs = userspace_needs();
  needs.push_back({"dpkg-deb", "dpkg"});
  needs.push_back({"tar", "tar"});
  needs.push_back({"aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"});
  return needs;
}

EntryKey PackagedKernelOrigin::key() const {
  return {.kind = "kernel",
          .name = name_,
          .inputs = {{"recipe", k_packaged_recipe},
                     {"script", script(images_)},
                     {"suite", fmt::format("{} {} {}", from_.suite.name, from_.suite.main_only, from_.suite.stale)},
                     {"packages", fmt::format("{}", fmt::join(from_.packages, " "))},
                     {"modules", fmt::format("{}", fmt::join(from_.modules, " "))}}};
}

Facts PackagedKernelOrigin::forecast() const {
  return from_.expected;
}

void PackagedKernelOrigin::fill(const fs::path& directory, BuildSteps& steps) const {
  require_space(directory, from_.free_space, "kernel " + name_);
  TempDir place("kdt-packages", directory);
  PackageTree wanted{.suite = from_.suite,
                     .apt_sources = from_.apt_sources,
                     .architecture = "arm64",
                     .wanted = fmt::format("{}", fmt::join(from_.packages, " ")),
                     .keep = k_kernel_packages,
                     .script = script(images_)};
  const auto versions = unpack_packages(wanted, place.path() / "kernel", steps);
  auto kbuild =
      std::ranges::find_if(versions, [](const auto& entry) { return entry.first.starts_with("linux-kbuild"); });
  if (kbuild == versions.end()) throw Error(Blame::infra, "kernel {}: its packages need no linux-kbuild", name_);
  wanted.architecture = host_architecture();
  wanted.wanted = kbuild->first + " libc6";
  wanted.keep = "linux-kbuild-.*|libc6"; // not its name: the + in it means something to grep
  unpack_packages(wanted, place.path() / "tools", steps);
  steps.act("collecting", [&] {
    const fs::path tree = place.path() / "kernel/tree";
    replace_build_programs(place.path() / "tools/tree", tree);
    collect_packaged(tree, from_.modules, directory);
    std::string content;
    for (const auto& [package, version] : versions) content += fmt::format("{} {}\n", package, version);
    write_file(directory / "content", content);
  });
}

KernelEntry PackagedKernelOrigin::provide(const MakeEntry& make) const {
  Lease kernel = make(key(), [&](const fs::path& directory, BuildSteps& steps) { fill(directory, steps); });
  const fs::path headers = kernel.path() / "module-build/usr/src";
  return {.entry = std::move(kernel),
          .module_make = {"-C", only(headers, "linux-headers-", "-common").string(),
                          "O=" + only(headers, "linux-headers-", "-arm64").string(),
                          // The kernel's own compiler may be newer; what it can do more is left out.
                          "CC=aarch64-linux-gnu-gcc", "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT="}};
}

void collect_packaged(const fs::path& tree, const std::vector<std::string>& modules, const fs::path& entry) {
  const fs::path module_tree = modules_in(tree);
  const std::string release = module_tree.filename().string();
  fs::path vmlinuz = tree / "boot" / ("vmlinuz-" + release);
  if (!fs::exists(vmlinuz)) vmlinuz = module_tree / "vmlinuz"; // Debian 14 and later
  const std::string image = read_unpacked(vmlinuz);
  constexpr std::size_t k_magic = 56; // Documentation/arm64/booting.rst
  if (image.size() < k_magic + 4 || image.compare(k_magic, 4, "ARM\x64") != 0)
    throw Error(Blame::infra, "{}: no arm64 Image", vmlinuz.string());
  write_file(entry / "Image", image);
  write_file(entry / "release", release);
  write_file(entry / "build-id", image_build_id(image));
  const fs::path headers = tree / "usr/src" / ("linux-headers-" + release);
  fs::copy_file(headers / ".config", entry / "config");
  fs::remove(headers / "vmlinux"); // with it kbuild would make BTF, which takes pahole
  write_modules(modules_in_order(module_tree, modules, "kernels.yaml"), entry / "modules");
  make_directories(entry / "module-build/usr/lib");
  fs::rename(tree / "usr/src", entry / "module-build/usr/src");
  const fs::path kbuild = only(tree / "usr/lib", "linux-kbuild-");
  fs::rename(kbuild, entry / "module-build/usr/lib" / kbuild.filename());
}

void replace_build_programs(const fs::path& tools, const fs::path& tree) {
  const fs::path theirs = only(tools / "usr/lib", "linux-kbuild-");
  const fs::path place = tree / "usr/lib" / theirs.filename();
  fs::remove_all(place);
  fs::rename(theirs, place);
  const fs::path library = place / "libc";
  make_directories(library);
  const fs::path loader = loader_in(tools);
  fs::copy_file(loader, library / "loader");
  fs::copy_file(loader.parent_path() / "libc.so.6", library / "libc.so.6");
  std::vector<fs::path> programs;
  for (const auto& file : fs::recursive_directory_iterator(place / "scripts"))
    if (file.is_regular_file() && is_elf(file.path())) programs.push_back(file.path());
  for (const auto& program : programs) {
    // modpost is a switch in front of one modpost.real-… for each kind of ELF file.
    const std::string name = program.filename().string();
    if (name.find(".real-") != std::string::npos) continue;
    const bool has_real = fs::exists(program.string() + ".real-lsb-64");
    const std::string target = name + (has_real ? ".real-lsb-64" : ".elf");
    if (!has_real) fs::rename(program, program.string() + ".elf");
    const auto up = fs::relative(library, program.parent_path()).string();
    fs::remove(program);
    write_file(program, fmt::format("#!/bin/sh\nhere=$(cd -P \"$(dirname \"$0\")\" && pwd)\n"
                                    "exec \"$here/{0}/loader\" --library-path \"$here/{0}\" \"$here/{1}\" \"$@\"\n",
                                    up, target));
    fs::permissions(program, fs::perms(0755));
  }
}

} // namespace kdt::image
