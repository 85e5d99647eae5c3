#include "image/images.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "image/build_step.hpp"
#include "image/facts.hpp"
#include "image/guest_builder.hpp"
#include "image/own_kernel.hpp"
#include "image/tools.hpp"
#include "image/userspace_builder.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::image {

/// The keys of everything that one kernel needs, but the initramfs: guest_key_of.
struct Images::Recipe {
  const KernelSpec& spec;
  const Origin& origin;
  EntryKey kernel;
  EntryKey agent;
  EntryKey userspace;
};

/// Held while building; the others wait for it.
class Images::BuildTurn {
public:
  BuildTurn(Images& images, std::stop_token stop) : images_(images) {
    std::unique_lock lock(images_.mutex_);
    if (!images_.turn_over_.wait(lock, stop, [&] { return !images_.building_; })) throw Interrupted();
    images_.building_ = true;
  }
  BuildTurn(const BuildTurn&) = delete;
  BuildTurn& operator=(const BuildTurn&) = delete;
  ~BuildTurn() {
    {
      std::lock_guard lock(images_.mutex_);
      images_.building_ = false;
    }
    images_.turn_over_.notify_all();
  }

private:
  Images& images_;
};

Images::Images(fs::path cache_root, fs::path repository, Observer observer)
    : repository_(std::move(repository)), observer_(std::move(observer)),
      catalogue_(Catalogue::load(repository_ / "images/kernels.yaml")),
      userspace_(UserspaceSpec::load(repository_ / "images/userspace.yaml")), cache_(std::move(cache_root)) {
  for (const auto& spec : catalogue_.kernels()) add_origin(spec, {});
}

void Images::add_origin(const KernelSpec& spec, std::stop_token stop) {
  OriginPlace place{
      .images = repository_ / "images", .scratch = scratch_ ? scratch_->path() : fs::path(), .stop = std::move(stop)};
  origins_[spec.name] = origin_of(spec, place);
}

void Images::add_own(const OwnKernels& own, std::stop_token stop) {
  std::vector<KernelSpec> specs;
  for (const auto& file : own.files)
    for (auto& spec : catalogue_.read_more(file)) specs.push_back(std::move(spec));
  for (const auto& text : own.texts)
    for (auto& spec : own_specs(parse_own_kernel(text), catalogue_.own_trees())) specs.push_back(std::move(spec));
  if (!specs.empty()) scratch_ = cache_.scratch();
  for (const auto& spec : specs) {
    if (std::ranges::find(own_names_, spec.name) != own_names_.end())
      throw Error(Blame::usage, "two kernels of your own are called '{}'", spec.name);
    own_names_.push_back(spec.name);
    catalogue_.add(spec);
    add_origin(spec, stop);
  }
}

Images::Recipe Images::recipe(const std::string& name) const {
  const KernelSpec& spec = catalogue_.kernel(name);
  const Origin& origin = *origins_.at(name);
  auto needs = origin.needs();
  for (auto& need : guest_needs()) needs.push_back(need);
  require(needs, "kernel " + name);
  return {.spec = spec,
          .origin = origin,
          .kernel = origin.key(),
          .agent = agent_key(repository_ / "guests"),
          .userspace = userspace_key(userspace_)};
}

EntryKey Images::guest_key_of(const Recipe& recipe, const Lease& kernel, const Lease& userspace) const {
  EntryKey key = guest_key(repository_ / "guests", recipe.kernel, recipe.agent, userspace_content(userspace.path()));
  if (recipe.spec.own()) key.inputs.emplace_back("wants a probe", recipe.spec.probe ? "yes" : "no");
  if (const fs::path content = kernel.path() / "content"; fs::exists(content))
    key.inputs.emplace_back("packages", read_file(content));
  return key;
}

namespace {
constexpr const char* k_probe_off = "probe=off was said";

/// What no .config tells.
void add_known(const KernelSpec& spec, const Origin& origin, Facts& facts) {
  if (auto content = origin.content(); !content.empty()) facts["origin"] = content;
  if (!spec.probe) facts["no_probe"] = std::string(k_probe_off);
  if (spec.least_memory) facts["least_memory"] = static_cast<std::int64_t>(spec.least_memory->bytes);
}
} // namespace

KernelImage Images::assemble(const Recipe& recipe, Lease kernel, Lease userspace, Lease guest) {
  KernelImage image;
  image.name = recipe.spec.name;
  image.image = kernel.path() / "Image";
  auto if_there = [&](const char* file) {
    return fs::exists(kernel.path() / file) ? kernel.path() / file : fs::path();
  };
  image.vmlinux = if_there("vmlinux");
  image.system_map = if_there("System.map");
  image.config = if_there("config");
  image.initramfs = guest.path() / "initramfs.cpio";
  image.release = read_file(kernel.path() / "release");
  image.build_id = entry_build_id(kernel.path());
  image.facts = entry_facts(kernel.path());
  if (!image.build_id.empty()) image.facts["build_id"] = image.build_id;
  if (fs::exists(guest.path() / "no-probe")) image.no_probe = read_file(guest.path() / "no-probe");
  if (!image.no_probe.empty()) image.facts["no_probe"] = image.no_probe;
  add_known(recipe.spec, recipe.origin, image.facts);
  image.facts.merge(tool_facts(read_file(guest.path() / "packages")));
  const fs::path makedumpfile = userspace.path() / "tree/bin/makedumpfile";
  if (fs::exists(makedumpfile))
    image.facts["makedumpfile_compressions"] =
        makedumpfile_compressions(elf_needs("makedumpfile", read_file(makedumpfile)).libraries);
  image.fingerprint = guest.path().filename().string();
  std::lock_guard lock(mutex_);
  for (Lease* lease : {&kernel, &userspace, &guest}) leases_.push_back(std::move(*lease));
  ready_[image.name] = image;
  return image;
}

std::optional<KernelImage> Images::from_cache(const Recipe& recipe) {
  auto kernel = cache_.find(recipe.kernel);
  auto userspace = cache_.find(recipe.userspace);
  if (!kernel || !userspace) return std::nullopt;
  auto guest = cache_.find(guest_key_of(recipe, *kernel, *userspace));
  if (!guest) return std::nullopt;
  return assemble(recipe, std::move(*kernel), std::move(*userspace), std::move(*guest));
}

Lease Images::get(const EntryKey& key, std::stop_token stop, const FillEntry& fill, bool again) {
  const std::string subject = fmt::format("{} {}", key.kind, key.name);
  auto waiting = [&](const std::string& whom) {
    if (observer_)
      observer_({.what = fmt::format("{}: waiting, {}", subject, whom), .fraction = {}, .elapsed = {}, .left = {}});
  };
  auto log_and_build = [&](const fs::path& directory) {
    BuildSteps steps(subject, cache_.log_directory() / (key.id() + ".log"), observer_, stop);
    fill(directory, steps);
  };
  return again ? cache_.renew(key, log_and_build, stop, waiting) : cache_.get(key, log_and_build, stop, waiting);
}

KernelImage Images::build(const Recipe& recipe, std::stop_token stop) {
  // What may fail for want of a network or by a wrong line of ours comes first, the long compilation last.
  const fs::path guests = repository_ / "guests";
  Lease userspace = get(recipe.userspace, stop, [&](const fs::path& directory, BuildSteps& steps) {
    build_userspace(userspace_, directory, steps);
  });
  Lease agent = get(recipe.agent, stop,
                    [&](const fs::path& directory, BuildSteps& steps) { build_agent(guests, directory, steps); });
  KernelEntry kernel =
      recipe.origin.provide([&](const EntryKey& key, const FillEntry& fill) { return get(key, stop, fill); });
  Lease guest =
      get(guest_key_of(recipe, kernel.entry, userspace), stop, [&](const fs::path& directory, BuildSteps& steps) {
        build_guest({.guests = guests,
                     .kernel = kernel.entry.path(),
                     .module_make = kernel.module_make,
                     .agent = agent.path(),
                     .userspace = userspace.path(),
                     .no_modules = recipe.spec.probe ? kernel.no_modules : k_probe_off,
                     .own_kernel = recipe.spec.own() ? recipe.spec.name : ""},
                    directory, steps);
      });
  return assemble(recipe, std::move(kernel.entry), std::move(userspace), std::move(guest));
}

void Images::start_removal_of_leftovers() {
  auto ids = cache_.set_leftovers_aside();
  if (ids.empty()) return;
  Progress remark;
  remark.what = fmt::format("removing what interrupted builds left, beside the work: {}", fmt::join(ids, ", "));
  remark.remark = true;
  if (observer_) observer_(remark);
  removal_ = std::jthread([this](std::stop_token stop) {
    try {
      cache_.remove_leftovers(std::move(stop));
    } catch (const std::exception&) { // it stays for the next kdt, which tells of it again
    }
  });
}

KernelImage Images::kernel(const std::string& name, std::stop_token stop) {
  std::call_once(removal_started_, [this] { start_removal_of_leftovers(); });
  {
    std::lock_guard lock(mutex_);
    if (auto it = ready_.find(name); it != ready_.end()) return it->second;
  }
  const Recipe wanted = recipe(name);
  if (auto image = from_cache(wanted)) return *image;
  BuildTurn turn(*this, stop);
  if (auto image = from_cache(wanted)) return *image; // another thread built it while we waited
  return build(wanted, stop);
}

std::optional<fs::path> Images::cached_system_map(const std::string& name, const std::string& build_id) {
  auto kernel = cache_.find(recipe(name).kernel);
  if (!kernel || entry_build_id(kernel->path()) != build_id) return std::nullopt;
  auto map = kernel->path() / "System.map";
  if (!fs::exists(map)) return std::nullopt; // a packaged kernel comes without
  std::lock_guard lock(mutex_);
  leases_.push_back(std::move(*kernel));
  return map;
}

fs::path Images::tree(const std::string& name, std::stop_token stop) {
  const auto spec = UserspaceSpec::load(repository_ / "images" / (name + ".yaml"));
  BuildTurn turn(*this, stop);
  {
    std::lock_guard lock(mutex_);
    if (auto it = trees_.find(name); it != trees_.end()) return it->second;
  }
  Lease lease = get(userspace_key(spec), stop,
                    [&](const fs::path& directory, BuildSteps& steps) { build_userspace(spec, directory, steps); });
  std::lock_guard lock(mutex_);
  leases_.push_back(std::move(lease));
  return trees_[name] = leases_.back().path() / "tree";
}

void Images::refresh_userspace(std::stop_token stop) {
  BuildTurn turn(*this, stop);
  auto fetch = [&](const fs::path& directory, BuildSteps& steps) { build_userspace(userspace_, directory, steps); };
  get(userspace_key(userspace_), stop, fetch, true);
  for (const auto& [name, origin] : origins_)
    if (origin->dated() && cache_.find(origin->key()))
      origin->provide([&](const EntryKey& key, const FillEntry& fill) { return get(key, stop, fill, true); });
}

Facts Images::facts(const std::string& name) const {
  const KernelSpec& spec = catalogue_.kernel(name);
  const Origin& origin = *origins_.at(name);
  std::optional<Facts> known;
  try {
    if (auto kernel = cache_.find(origin.key())) known = entry_facts(kernel->path());
  } catch (const Error&) {
    // A package or a compiler is missing: there is no such entry.
  }
  auto forecast = origin.forecast();
  if (!known) known = forecast;
  if (auto why = forecast.find("no_probe"); why != forecast.end()) known->insert(*why); // no entry tells
  add_known(spec, origin, *known);
  return *known;
}

std::vector<KernelState> Images::kernels() const {
  std::vector<KernelState> states;
  for (const auto& spec : catalogue_.kernels()) {
    bool built = false;
    std::string obstacle;
    try {
      const Recipe wanted = recipe(spec.name);
      auto kernel = cache_.find(wanted.kernel);
      auto userspace = cache_.find(wanted.userspace);
      built = kernel && userspace && cache_.find(guest_key_of(wanted, *kernel, *userspace));
    } catch (const Error& error) {
      obstacle = error.what(); // a missing tool or package
    }
    states.push_back({.name = spec.name, .description = spec.description, .built = built, .obstacle = obstacle});
  }
  return states;
}

} // namespace kdt::image
