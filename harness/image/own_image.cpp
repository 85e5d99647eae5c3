#include "image/own_image.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "image/elf.hpp"
#include "image/facts.hpp"
#include "image/image_file.hpp"
#include "image/kconfig.hpp"
#include "image/module_tree.hpp"

namespace kdt::image {

namespace {
constexpr const char* k_own_image_recipe = "1";

/// lib/modules/RELEASE, which is what the user gave, or in it.
fs::path module_directory(const fs::path& given, const std::string& release) {
  std::error_code error;
  for (const auto& place : {given / "lib/modules" / release, given / "usr/lib/modules" / release, given / release})
    if (fs::is_directory(place, error)) return place;
  return given;
}

/// read_image() that names the kernel.
std::string image_of(const std::string& name, const fs::path& file) {
  try {
    return read_image(file);
  } catch (const Error& error) {
    throw Error(error.blame(), "kernel {}: {}", name, error.what());
  }
}

void copy_if_any(const fs::path& from, const fs::path& to) {
  if (!from.empty()) fs::copy_file(from, to);
}
} // namespace

OwnImageOrigin::OwnImageOrigin(std::string name, OwnImage from, const Requirements& required)
    : name_(std::move(name)), from_(std::move(from)) {
  auto content = image_of(name_, from_.image);
  auto image = examine_image(content);
  image_hash_ = sha256(content);
  config_ = from_.config.empty() ? image.config : read_file(from_.config);
  if (image.release.empty())
    throw Error(Blame::usage, "kernel {}: {} names no release: it is no Linux, or packed in a way unknown here", name_,
                from_.image.string());
  require_version("kernel " + name_, image.release, required);
  // Of a distribution's kernel the third number is another: 6.1.0-56-arm64 has a .config of 6.1.192.
  auto of_config = config_release(config_);
  if (!of_config.empty() && kernel_facts({}, of_config).at("version") != kernel_facts({}, image.release).at("version"))
    throw Error(Blame::usage, "kernel {}: {} is Linux {}, its .config {} is of {}", name_, from_.image.string(),
                image.release, from_.config.string(), of_config);
  if (!config_.empty()) require_options("kernel " + name_, parse_config(config_), required, !from_.modules.empty());
  release_ = image.release;
  build_id_ = image.build_id;
  facts_ = config_.empty() ? image_facts(image) : kernel_facts(parse_config(config_), image.release);
  if (image.page_size && facts_.at("page_size") != Value(*image.page_size))
    throw Error(Blame::usage, "kernel {}: {} has pages of {} bytes, its .config {} says {}", name_,
                from_.image.string(), *image.page_size, from_.config.string(), to_string(facts_.at("page_size")));
  if (!from_.modules.empty()) find_modules(required);
  if (from_.vmlinux.empty() || build_id_.empty()) return;
  if (auto other = elf_build_id(from_.vmlinux); other != build_id_)
    throw Error(Blame::usage, "kernel {}: {} (build id {}) is not of the same build as {} ({}): finish the build",
                name_, from_.vmlinux.string(), other.substr(0, 12), from_.image.string(), build_id_.substr(0, 12));
}

void OwnImageOrigin::find_modules(const Requirements& required) {
  if (config_.empty())
    throw Error(Blame::usage, "kernel {}: which modules it needs is in its .config: name that, too (config=FILE)",
                name_);
  auto directory = module_directory(from_.modules, release_);
  // Where make modules_install was run, the build is not far.
  std::error_code gone;
  if (from_.build.empty() && fs::exists(directory / "build/Module.symvers", gone))
    from_.build = fs::canonical(directory / "build");
  auto needed = needed_modules(parse_config(config_), required);
  if (needed.empty()) return;
  try {
    modules_ = modules_in_order(directory, needed, "a guest");
  } catch (const Error& error) { // the directory is the user's
    throw Error(Blame::usage, "kernel {}: {}", name_, error.what());
  }
  for (const auto& module : modules_)
    if (auto release = release_of(module); release != release_)
      throw Error(Blame::usage, "kernel {}: its release is {}, and module {} in {} is of {}", name_, release_,
                  module.name, directory.string(), release);
}

EntryKey OwnImageOrigin::key() const {
  Sha256 loads;
  for (const auto& module : modules_) loads.add_field(module.content);
  return {.kind = "kernel",
          .name = name_,
          .inputs = {{"recipe", k_own_image_recipe},
                     {"image", image_hash_},
                     {"config", sha256(config_)},
                     {"files", fmt::format("{}{}", from_.vmlinux.empty() ? "" : "vmlinux ",
                                           from_.system_map.empty() ? "" : "System.map")},
                     {"loads", loads.hex()},
                     {"modules", module_tree_hash(from_.build)}}};
}

Facts OwnImageOrigin::forecast() const {
  auto facts = facts_;
  if (auto why = why_no_modules(from_.build, config_); !why.empty()) facts["no_probe"] = why;
  return facts;
}

void OwnImageOrigin::fill(const fs::path& directory) const {
  write_file(directory / "Image", image_of(name_, from_.image));
  write_file(directory / "release", release_);
  if (!build_id_.empty()) write_file(directory / "build-id", build_id_);
  if (!config_.empty()) write_file(directory / "config", config_);
  copy_if_any(from_.vmlinux, directory / "vmlinux");
  copy_if_any(from_.system_map, directory / "System.map");
  if (!modules_.empty()) write_modules(modules_, directory / "modules");
  if (why_no_modules(from_.build, config_).empty()) copy_module_tree(from_.build, directory / "module-build");
}

KernelEntry OwnImageOrigin::provide(const MakeEntry& make) const {
  Lease entry = make(
      key(), [&](const fs::path& directory, BuildSteps& steps) { steps.act("copying", [&] { fill(directory); }); });
  auto why_not = why_no_modules(from_.build, config_);
  std::vector<std::string> module_make;
  if (why_not.empty()) module_make = module_make_of(from_.build, entry.path() / "module-build");
  return {.entry = std::move(entry), .module_make = std::move(module_make), .no_modules = std::move(why_not)};
}

} // namespace kdt::image
