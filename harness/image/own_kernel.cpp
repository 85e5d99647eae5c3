#include "image/own_kernel.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/git_tree.hpp"

#include <algorithm>

namespace kdt::image {

namespace {

const std::vector<std::string> k_settings{"patches", "zone_dma", "fragment", "config", "modules", "probe"};

void set(OwnKernel& own, const std::string& name, const std::string& value) {
  if (name == "patches") own.patches = value;
  if (name == "fragment") own.fragments.emplace_back(value);
  if (name == "config") own.config = value;
  if (name == "modules") own.modules = value;
  if (name == "zone_dma") own.zone_dma = value;
  if (name == "probe") own.probe = value;
  if (name == "zone_dma" && value != "on" && value != "off" && value != "both")
    throw Error(Blame::usage, "--kernel {}: zone_dma is on, off or both, not '{}'", own.name, printable(value));
  if (name == "probe" && value != "on" && value != "off")
    throw Error(Blame::usage, "--kernel {}: probe is on or off, not '{}'", own.name, printable(value));
}

/// Splits PATH@REVISION. Either may hold an '@' ("HEAD@{1}"): as much of it is the path as is there on the disk.
void set_path(OwnKernel& own, std::string path) {
  // No shell expands a ~ behind "NAME=".
  if (const char* home = std::getenv("HOME"); home != nullptr && path.starts_with("~/")) path.replace(0, 1, home);
  std::error_code error;
  auto at = path.size();
  while (at != std::string::npos && !fs::exists(path.substr(0, at), error))
    at = at == 0 ? std::string::npos : path.rfind('@', at - 1);
  if (at == std::string::npos) at = std::min(path.find('@'), path.size()); // nothing is there
  own.path = path.substr(0, at);
  if (at == path.size()) return;
  own.revision = path.substr(at + 1);
  if (own.revision.empty()) throw Error(Blame::usage, "--kernel {}: there is no revision behind '@'", own.name);
}

fs::path existing(const OwnKernel& own, const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    throw Error(Blame::usage, "kernel {}: {}: no such file", own.name, path.string());
  return fs::absolute(path);
}

/// The file if it is there, else nothing.
fs::path if_there(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) ? path : fs::path();
}

/// What is built has its modules where it is built.
void refuse_modules(const OwnKernel& own, const std::string& kind) {
  if (!own.modules.empty())
    throw Error(Blame::usage, "kernel {}: modules are for an Image, and {} is {}", own.name, own.path.string(), kind);
}

/// A tree's settings are for what is still to be built.
void refuse_tree_settings(const OwnKernel& own, const std::string& kind) {
  const std::pair<const char*, bool> given[] = {{"a revision", !own.revision.empty()},
                                                {"patches", !own.patches.empty()},
                                                {"a fragment", !own.fragments.empty()},
                                                {"zone_dma", !own.zone_dma.empty()}};
  for (const auto& [what, is_given] : given)
    if (is_given)
      throw Error(Blame::usage, "kernel {}: {} is for a source tree, and {} is {}", own.name, what, own.path.string(),
                  kind);
}

KernelSpec spec_of(const OwnKernel& own, const std::string& name, const std::string& what) {
  auto description = own.description.empty() ? fmt::format("{} {}", what, own.path.string()) : own.description;
  return {.name = name,
          .description = std::move(description),
          .least_memory = own.least_memory,
          .from = OwnImage{},
          .probe = own.probe != "off"};
}

std::vector<KernelSpec> tree_specs(const OwnKernel& own, const OwnTreeDefaults& defaults) {
  refuse_modules(own, "a source tree");
  OwnTree tree{.path = fs::canonical(own.path),
               .revision = own.revision,
               .steps = defaults.steps,
               .free_space = defaults.free_space};
  if (!own.patches.empty()) tree.patches = patches_in(own.patches);
  if (!own.config.empty()) tree.config = existing(own, own.config);
  if (own.config.empty()) tree.fragments = defaults.fragments;
  auto add = [&](std::vector<KernelSpec>& specs, const std::string& name, const char* zones) {
    auto one = tree;
    if (*zones != '\0') one.wanted_fragments.emplace_back(zones);
    for (const auto& fragment : own.fragments) {
      if (fragment.extension() != ".config")
        throw Error(Blame::usage, "kernel {}: {}: a fragment is a file *.config", own.name, fragment.string());
      one.wanted_fragments.push_back(existing(own, fragment).replace_extension().string());
    }
    specs.push_back(spec_of(own, name, "source tree"));
    specs.back().from = std::move(one);
  };
  std::vector<KernelSpec> specs;
  if (own.zone_dma == "both") {
    add(specs, own.name + "-dma", "zone-dma-on");
    add(specs, own.name + "-nodma", "zone-dma-off");
  } else {
    // allnoconfig has no DMA zones, upstream's defaults have; a .config is taken as it is.
    bool on = own.zone_dma == "on" || (own.zone_dma.empty() && own.config.empty());
    add(specs, own.name, own.zone_dma == "off" ? "zone-dma-off" : on ? "zone-dma-on" : "");
  }
  return specs;
}

KernelSpec build_spec(const OwnKernel& own, const fs::path& build) {
  refuse_tree_settings(own, "a build directory");
  refuse_modules(own, "a build directory");
  auto spec = spec_of(own, own.name, "build directory");
  spec.from = OwnImage{.image = build / "arch/arm64/boot/Image",
                       .config = own.config.empty() ? build / ".config" : existing(own, own.config),
                       .vmlinux = if_there(build / "vmlinux"),
                       .system_map = if_there(build / "System.map"),
                       .build = build,
                       .modules = build};
  return spec;
}

KernelSpec image_spec(const OwnKernel& own, const fs::path& image) {
  refuse_tree_settings(own, "an Image");
  auto beside = image.parent_path();
  auto spec = spec_of(own, own.name, "Image");
  auto config = own.config.empty() ? if_there(beside / "config") : existing(own, own.config);
  if (config.empty()) config = if_there(beside / ".config");
  // /boot/vmlinuz-6.1.0-9-arm64 has its /boot/config-6.1.0-9-arm64 and System.map-6.1.0-9-arm64.
  auto dash = image.filename().string().find('-');
  auto tail = dash == std::string::npos ? "" : image.filename().string().substr(dash);
  if (config.empty() && !tail.empty()) config = if_there(beside / ("config" + tail));
  std::error_code error;
  if (!own.modules.empty() && !fs::is_directory(own.modules, error))
    throw Error(Blame::usage, "kernel {}: {}: no such directory", own.name, own.modules.string());
  spec.from = OwnImage{.image = image,
                       .config = config,
                       .vmlinux = if_there(beside / "vmlinux"),
                       .system_map = if_there(beside / ("System.map" + tail)),
                       .build = {},
                       .modules = own.modules.empty() ? fs::path() : fs::canonical(own.modules)};
  return spec;
}

/// arch/arm64/boot/Image in a build directory, in-tree or not.
std::optional<fs::path> build_of(const fs::path& image) {
  if (image.filename() != "Image" || !image.parent_path().string().ends_with("/arch/arm64/boot")) return std::nullopt;
  auto build = image.parent_path().parent_path().parent_path().parent_path();
  return if_there(build / ".config").empty() ? std::nullopt : std::optional(build);
}

} // namespace

bool is_kernel_name(const std::string& name) {
  return !name.empty() && name[0] != '.' && name[0] != '-' &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
             std::string::npos;
}

OwnKernel parse_own_kernel(const std::string& text) {
  auto equals = text.find('=');
  OwnKernel own{.name = text.substr(0, equals), .path = {}};
  if (equals == std::string::npos || !is_kernel_name(own.name))
    throw Error(Blame::usage, "--kernel {}: wanted NAME=PATH, with a name of letters, digits, '.', '_' and '-'",
                printable(text));
  auto words = split(text.substr(equals + 1), ',');
  for (std::size_t i = 1; i < words.size(); ++i) {
    auto is = words[i].find('=');
    auto setting = words[i].substr(0, is);
    if (is == std::string::npos || std::ranges::find(k_settings, setting) == k_settings.end())
      throw Error(Blame::usage, "--kernel {}: '{}' is no setting{}", own.name, printable(words[i]),
                  suggestion(setting, k_settings));
    set(own, setting, words[i].substr(is + 1));
  }
  set_path(own, words[0]);
  return own;
}

std::vector<KernelSpec> own_specs(const OwnKernel& own, const OwnTreeDefaults& defaults) {
  std::error_code error;
  auto path = fs::canonical(own.path, error);
  if (error)
    throw Error(Blame::usage, "kernel {}: {}: no such file or directory", own.name, printable(own.path.string()));
  auto has = [&](const char* file) { return fs::exists(path / file, error); };
  if (fs::is_regular_file(path)) {
    if (auto build = build_of(path)) return {build_spec(own, *build)};
    return {image_spec(own, path)};
  }
  if (has("Kconfig") && has("Makefile")) return tree_specs(own, defaults);
  if (has("arch/arm64/boot/Image") && has(".config")) return {build_spec(own, path)};
  if (has("Image")) return {image_spec(own, path / "Image")};
  if (has("arch/x86/boot/bzImage"))
    throw Error(Blame::usage, "kernel {}: {} is a build of an x86 kernel; kdt runs arm64", own.name, path.string());
  if (has(".config"))
    throw Error(Blame::usage, "kernel {}: {} is a build directory without arch/arm64/boot/Image: finish the build",
                own.name, path.string());
  throw Error(Blame::usage,
              "kernel {}: {} is no kernel: neither a source tree (Makefile, Kconfig), nor a build directory (.config, "
              "arch/arm64/boot/Image), nor an arm64 Image",
              own.name, path.string());
}

} // namespace kdt::image
