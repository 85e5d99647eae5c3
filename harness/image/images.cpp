#include "image/images.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "image/build_step.hpp"
#include "image/elf.hpp"
#include "image/facts.hpp"
#include "image/guest_builder.hpp"
#include "image/kernel_builder.hpp"
#include "image/tools.hpp"
#include "image/userspace_builder.hpp"

namespace kdt::image {

/// The keys of everything that one kernel needs, but the initramfs: guest_key_of.
struct Images::Recipe {
  const KernelSpec& spec;
  std::vector<KconfigOption> options;
  EntryKey source;
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
      userspace_(UserspaceSpec::load(repository_ / "images/userspace.yaml")), cache_(std::move(cache_root)) {}

Images::Recipe Images::recipe(const std::string& name) const {
  const KernelSpec& spec = catalogue_.kernel(name);
  auto needs = kernel_needs(spec.source.archive, spec.source.package);
  for (auto& need : guest_needs()) needs.push_back(need);
  require(needs, "kernel " + name);
  const fs::path guests = repository_ / "guests";
  auto options = merged_options(spec, repository_ / "images/kconfig");
  EntryKey source = source_key(spec.source);
  EntryKey kernel = kernel_key(spec, source, options);
  EntryKey agent = agent_key(guests);
  EntryKey userspace = userspace_key(userspace_);
  return {spec, std::move(options), std::move(source), std::move(kernel), std::move(agent), std::move(userspace)};
}

EntryKey Images::guest_key_of(const Recipe& recipe, const Lease& userspace) const {
  return guest_key(repository_ / "guests", recipe.kernel, recipe.agent, userspace_content(userspace.path()));
}

namespace {
/// What no .config tells, but a guest did.
void add_measured(const KernelSpec& spec, Facts& facts) {
  if (spec.least_memory) facts["least_memory"] = static_cast<std::int64_t>(spec.least_memory->bytes);
}
} // namespace

KernelImage Images::assemble(const Recipe& recipe, Lease kernel, Lease userspace, Lease guest) {
  KernelImage image;
  image.name = recipe.spec.name;
  image.image = kernel.path() / "Image";
  image.vmlinux = kernel.path() / "vmlinux";
  image.system_map = kernel.path() / "System.map";
  image.config = kernel.path() / "config";
  image.initramfs = guest.path() / "initramfs.cpio";
  image.release = read_file(kernel.path() / "release");
  image.build_id = elf_build_id(image.vmlinux);
  image.facts = kernel_facts(parse_config(read_file(image.config)), image.release);
  image.facts["build_id"] = image.build_id;
  add_measured(recipe.spec, image.facts);
  image.facts.merge(tool_facts(read_file(guest.path() / "packages")));
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
  auto guest = cache_.find(guest_key_of(recipe, *userspace));
  if (!guest) return std::nullopt;
  return assemble(recipe, std::move(*kernel), std::move(*userspace), std::move(*guest));
}

Lease Images::get(const EntryKey& key, std::stop_token stop,
                  const std::function<void(const fs::path&, BuildSteps&)>& build, bool again) {
  const std::string subject = fmt::format("{} {}", key.kind, key.name);
  auto waiting = [&](const std::string& whom) {
    if (observer_)
      observer_({.what = fmt::format("{}: waiting, {}", subject, whom), .fraction = {}, .elapsed = {}, .left = {}});
  };
  auto log_and_build = [&](const fs::path& directory) {
    BuildSteps steps(subject, cache_.log_directory() / (key.id() + ".log"), observer_, stop);
    build(directory, steps);
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
  Lease source = get(recipe.source, stop, [&](const fs::path& directory, BuildSteps& steps) {
    build_source(recipe.spec.source, directory, steps);
  });
  Lease kernel = get(recipe.kernel, stop, [&](const fs::path& directory, BuildSteps& steps) {
    build_kernel(recipe.spec, recipe.options, source.path(), directory, steps);
  });
  Lease guest = get(guest_key_of(recipe, userspace), stop, [&](const fs::path& directory, BuildSteps& steps) {
    build_guest({.guests = guests, .kernel = kernel.path(), .agent = agent.path(), .userspace = userspace.path()},
                directory, steps);
  });
  return assemble(recipe, std::move(kernel), std::move(userspace), std::move(guest));
}

KernelImage Images::kernel(const std::string& name, std::stop_token stop) {
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

void Images::refresh_userspace(std::stop_token stop) {
  BuildTurn turn(*this, stop);
  auto fetch = [&](const fs::path& directory, BuildSteps& steps) { build_userspace(userspace_, directory, steps); };
  get(userspace_key(userspace_), stop, fetch, true);
}

Facts Images::facts(const std::string& name) const {
  const KernelSpec& spec = catalogue_.kernel(name);
  Facts known = configured_facts(spec);
  add_measured(spec, known);
  return known;
}

Facts Images::configured_facts(const KernelSpec& spec) const {
  const auto options = merged_options(spec, repository_ / "images/kconfig");
  std::string version = spec.source.package.substr(spec.source.package.rfind('-') + 1);
  try {
    const EntryKey source = source_key(spec.source);
    if (auto kernel = cache_.find(kernel_key(spec, source, options)))
      return kernel_facts(parse_config(read_file(kernel->path() / "config")), read_file(kernel->path() / "release"));
    std::string packaged = package_version(spec.source.package);
    version = packaged.substr(0, packaged.find('-'));
  } catch (const Error&) {
    // Without the package or the compiler there is no kernel yet; what the fragments ask for still holds.
  }
  return kernel_facts(parse_config(allconfig_text(options)), fmt::format("{}-{}", version, spec.name));
}

std::vector<KernelState> Images::kernels() const {
  std::vector<KernelState> states;
  for (const auto& spec : catalogue_.kernels()) {
    bool built = false;
    try {
      const Recipe wanted = recipe(spec.name);
      auto userspace = cache_.find(wanted.userspace);
      built = userspace && cache_.find(wanted.kernel) && cache_.find(guest_key_of(wanted, *userspace));
    } catch (const Error&) {
      // A missing tool or package: not built, and kernel() will say why.
    }
    states.push_back({.name = spec.name, .description = spec.description, .built = built});
  }
  return states;
}

} // namespace kdt::image
