#include "image/own_tree.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "image/facts.hpp"
#include "image/kernel_builder.hpp"
#include "image/kernel_modules.hpp"
#include "image/module_tree.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::image {

namespace {

constexpr const char* k_own_tree_recipe = "1";
constexpr const char* k_source = "module-source";
/// In the source: kbuild then calls the source "..", so that no path of ours is in what ccache compares.
constexpr const char* k_build = "kdt-build";

std::vector<KconfigOption> options_of(const std::string& name, const OwnTree& from, const fs::path& images) {
  auto fragments = from.fragments;
  fragments.insert(fragments.end(), from.wanted_fragments.begin(), from.wanted_fragments.end());
  return merged_options(name, fragments, images / "kconfig");
}

/// What options make of a .config.
std::map<std::string, std::string> changed(std::map<std::string, std::string> config,
                                           const std::vector<KconfigOption>& options) {
  for (const auto& option : options) {
    config.erase(option.name);
    if (option.value != "n") config.emplace(option.name, option.value);
  }
  return config;
}

} // namespace

OwnTreeOrigin::OwnTreeOrigin(std::string name, OwnTree from, const OriginPlace& place)
    : name_(std::move(name)), from_(std::move(from)),
      required_(load_requirements(place.images / "required-options.yaml")),
      config_(from_.config.empty() ? "" : read_file(from_.config)), options_(options_of(name_, from_, place.images)),
      tree_({.path = from_.path, .revision = from_.revision, .patches = from_.patches}, place.scratch, place.stop) {
  require_version("kernel " + name_, tree_.version(), required_);
  require_options("kernel " + name_, changed(parse_config(config_), options_), required_, true);
}

std::vector<Need> OwnTreeOrigin::needs() const {
  auto needs = kernel_needs();
  needs.push_back({.what = "git", .package = "git"});
  return needs;
}

EntryKey OwnTreeOrigin::key() const {
  return {.kind = "kernel",
          .name = name_,
          .inputs = {{"recipe", k_own_tree_recipe},
                     {"tree", tree_.id()},
                     {"config", sha256(config_)},
                     {"options", allconfig_text(options_)},
                     {"compiler", program_version("aarch64-linux-gnu-gcc")},
                     {"linker", program_version("aarch64-linux-gnu-ld")}}};
}

std::string OwnTreeOrigin::content() const {
  return fmt::format("tree {}, options {}", tree_.id().substr(0, 12),
                     sha256(config_ + allconfig_text(options_)).substr(0, 8));
}

Facts OwnTreeOrigin::forecast() const {
  return kernel_facts(changed(parse_config(config_), options_), fmt::format("{}-{}", tree_.version(), name_));
}

/// Options that another version does not have are let go, unless the user asked for them or no guest runs without.
void OwnTreeOrigin::check(const std::map<std::string, std::string>& config) const {
  std::vector<KconfigOption> wanted;
  std::ranges::copy_if(options_, std::back_inserter(wanted), [&](const KconfigOption& option) {
    return std::ranges::find(from_.wanted_fragments, option.fragment) != from_.wanted_fragments.end();
  });
  if (auto unmet = unmet_options(wanted, config); !unmet.empty())
    throw Error(Blame::usage, "kernel {}: Kconfig did not grant {} (a dependency is missing, or the name is wrong)",
                name_, fmt::join(unmet, "; "));
  require_options("kernel " + name_, config, required_, true);
}

void OwnTreeOrigin::build(const fs::path& directory, BuildSteps& steps) const {
  require_space(directory, from_.free_space, "building kernel " + name_);
  const BuildPlace place{.source = directory / k_source, .build = directory / k_source / k_build};
  make_directories(place.build);
  tree_.unpack(place.source, steps);
  auto users = [](auto act) { // what make complains of is the user's; a full disk is not
    try {
      act();
    } catch (const Error& error) {
      throw Error(is_shortage(error.what()) ? Blame::infra : Blame::usage, "{}", error.what());
    }
  };
  users([&] { configure_kernel(place, options_, config_, steps); });
  auto config = parse_config(read_file(place.build / ".config"));
  check(config);
  users([&] { compile_kernel(place, from_.steps, steps); });
  if (auto needed = needed_modules(config, required_); !needed.empty())
    write_modules(modules_in_order(place.build, needed, "a guest"), directory / "modules");
  collect_kernel(place.build, directory, steps);
  steps.act("tidying", [&] { prune_source(place.source, k_build); });
}

KernelEntry OwnTreeOrigin::provide(const MakeEntry& make) const {
  Lease entry = make(key(), [&](const fs::path& directory, BuildSteps& steps) { build(directory, steps); });
  auto source = entry.path() / k_source;
  std::vector<std::string> module_make{"-C", source.string(), "O=" + (source / k_build).string()};
  std::string why_not;
  if (!parse_config(read_file(entry.path() / "config")).contains("CONFIG_MODULES"))
    why_not = "it is built without CONFIG_MODULES, so that it loads no probe module";
  return {.entry = std::move(entry), .module_make = std::move(module_make), .no_modules = std::move(why_not)};
}

} // namespace kdt::image
