#include "image/module_tree.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "image/kconfig.hpp"

#include <algorithm>

namespace kdt::image {

namespace {

bool is_object(const fs::path& file) {
  auto extension = file.extension().string();
  return extension == ".o" || extension == ".a" || extension == ".cmd" || extension == ".ko";
}

/// Whether a module build reads what is at this path of a source or build tree: a directory that holds such is one.
bool is_read(const fs::path& relative) {
  auto text = relative.string();
  auto is_or_in = [&](std::string_view directory) {
    return text == directory || text.starts_with(std::string(directory) + "/");
  };
  if (relative == relative.filename()) // at the top
    return text == "Makefile" || text == "Kbuild" || text == "Module.symvers" || text == ".config" ||
           text == "include" || text == "scripts" || text == "arch";
  if (is_or_in("arch/arm64/boot") || is_or_in("arch/arm64/kvm") || is_or_in("arch/arm64/crypto")) return false;
  return is_or_in("include") || is_or_in("scripts") || is_or_in("arch/arm64");
}

/// The source tree that a build directory beside it names in its Makefile ("include ../linux/Makefile"), or the
/// build directory itself.
fs::path source_of(const fs::path& build) {
  std::error_code error;
  if (fs::exists(build / "Kconfig", error)) return build;
  if (!fs::exists(build / "Makefile", error)) return {};
  for (const auto& line : split(read_file(build / "Makefile"), '\n')) {
    if (!line.starts_with("include ")) continue;
    auto source = (build / std::string(trim(line.substr(8)))).parent_path();
    return fs::exists(source / "Kconfig", error) ? fs::canonical(source) : fs::path();
  }
  return {};
}

} // namespace

std::string why_no_modules(const fs::path& build, const std::string& config) {
  if (build.empty()) return "there is no build directory to build the probe module against";
  if (!config.empty() && !parse_config(config).contains("CONFIG_MODULES"))
    return "it is built without CONFIG_MODULES, so that it loads no probe module";
  std::error_code error;
  if (!fs::exists(build / "Module.symvers", error))
    return fmt::format("{} has no Module.symvers: 'make modules' was not run there", build.string());
  if (source_of(build).empty()) return fmt::format("the source tree that {} was built from is gone", build.string());
  return {};
}

std::string module_tree_hash(const fs::path& build) {
  if (build.empty()) return {};
  Sha256 hash;
  hash.add_field(source_of(build).string());
  std::error_code error;
  for (const char* file : {"Module.symvers", "include/generated/autoconf.h"})
    hash.add_field(fs::exists(build / file, error) ? read_file(build / file) : "");
  return hash.hex();
}

void copy_module_tree(const fs::path& build, const fs::path& copy) {
  make_directories(copy);
  for (auto it = fs::recursive_directory_iterator(build); it != fs::recursive_directory_iterator(); ++it) {
    auto relative = it->path().lexically_relative(build);
    if (it->is_directory() && !it->is_symlink()) {
      is_read(relative) ? static_cast<void>(fs::create_directories(copy / relative)) : it.disable_recursion_pending();
    } else if (is_read(relative) && !is_object(relative)) {
      fs::copy(it->path(), copy / relative, fs::copy_options::copy_symlinks);
    }
  }
}

std::vector<std::string> module_make_of(const fs::path& build, const fs::path& copy) {
  auto source = source_of(build);
  if (source == build) return {"-C", copy.string()};
  return {"-C", source.string(), "O=" + copy.string()};
}

void prune_source(const fs::path& source, const std::string& build) {
  std::vector<fs::path> unread;
  for (auto it = fs::recursive_directory_iterator(source); it != fs::recursive_directory_iterator(); ++it) {
    auto relative = it->path().lexically_relative(source);
    bool stays = relative == build || is_read(relative);
    if (!stays) unread.push_back(it->path());
    if (it->is_directory() && (!stays || relative == build)) it.disable_recursion_pending();
  }
  for (const auto& path : unread) fs::remove_all(path);
}

} // namespace kdt::image
