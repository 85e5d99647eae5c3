#pragma once

#include "image/cache.hpp"
#include "image/catalogue.hpp"
#include "image/origin.hpp"
#include "image/progress.hpp"
#include "model/value.hpp"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace kdt::image {

/// Everything a machine needs of one kernel; the files stay as long as the Images lives.
struct KernelImage {
  std::string name;
  std::filesystem::path image;
  std::filesystem::path vmlinux;    ///< empty: there is none
  std::filesystem::path system_map; ///< empty: there is none
  std::filesystem::path config;     ///< empty: there is none
  std::filesystem::path initramfs;  ///< for the system kernel and the capture kernel alike
  Facts facts;                      ///< kernel_facts(), build_id and no_probe
  std::string build_id;             ///< empty: it tells none
  std::string release;
  std::string no_probe;    ///< why there is no probe module for it; empty: there is one
  std::string fingerprint; ///< over all that went into kernel and initramfs
};

/// Where the user names kernels of his own.
struct OwnKernels {
  std::vector<std::string> files{}; ///< --kernels
  std::vector<std::string> texts{}; ///< --kernel
};

/// A kernel of the catalogue and whether it is in the cache, for `kdt images list`.
struct KernelState {
  std::string name;
  std::string description;
  bool built = false;     ///< kernel and initramfs
  std::string obstacle{}; ///< why it cannot be built on this host; empty: it can
};

/// The images of one repository in one cache: builds on demand. Any number of threads may call it; builds run one at a
/// time, since each uses every processor, while what is in the cache is handed out at once.
class Images {
public:
  /// repository holds images/ and guests/. Throws Error{usage} for a wrong kernels.yaml or userspace.yaml.
  Images(std::filesystem::path cache_root, std::filesystem::path repository, Observer observer = {});

  /// Kernels of the user's own: of files like kernels.yaml, then of texts as parse_own_kernel() reads them. Looks at
  /// each of them now. Not while other threads use the images. Throws Error{usage} for what is no kernel to be tested.
  void add_own(const OwnKernels& own, std::stop_token stop = {});
  /// Their names, in the order in which they were given.
  const std::vector<std::string>& own_names() const { return own_names_; }

  const Catalogue& catalogue() const { return catalogue_; }
  const std::filesystem::path& repository() const { return repository_; }

  /// The kernel with everything beside it, built if need be. The first call also begins to remove what killed builds
  /// left in the cache, in a thread that ends with the Images, and tells the observer. Throws Error{usage} for an
  /// unknown name and a kernel of the user's own that does not build or has no probe, Error{infra} when a tool, disk
  /// space or the network is missing or a build fails, Interrupted when asked to stop.
  KernelImage kernel(const std::string& name, std::stop_token stop = {});

  /// The System.map of the kernel of that name and build id, if it is in the cache. Builds nothing; throws as kernel().
  std::optional<std::filesystem::path> cached_system_map(const std::string& name, const std::string& build_id);

  /// Fetches the guests' user space and the packaged kernels that are in the cache again, so that what the mirror has
  /// by now goes into the next initramfs. When that fails, the old ones stay. Throws as kernel() does, and Error{infra}
  /// while another kdt uses it.
  void refresh_userspace(std::stop_token stop = {});

  /// Programs for arm64 with their libraries, as images/NAME.yaml asks for them: the directory that holds them, fetched
  /// if need be. Throws as kernel() does.
  std::filesystem::path tree(const std::string& name, std::stop_token stop = {});

  /// The kernel's facts without building it: from its .config when it is in the cache, else as its fragments ask.
  Facts facts(const std::string& name) const;

  std::vector<KernelState> kernels() const;
  std::vector<EntryInfo> entries() const { return cache_.list(); }
  std::vector<EntryInfo> gc(const GcPolicy& policy) { return cache_.gc(policy); }

private:
  struct Recipe;
  class BuildTurn;

  void add_origin(const KernelSpec& spec, std::stop_token stop);
  Recipe recipe(const std::string& name) const;
  EntryKey guest_key_of(const Recipe& recipe, const Lease& kernel, const Lease& userspace) const;
  std::optional<KernelImage> from_cache(const Recipe& recipe);
  Lease get(const EntryKey& key, std::stop_token stop, const FillEntry& fill, bool again = false);
  KernelImage build(const Recipe& recipe, std::stop_token stop);
  KernelImage assemble(const Recipe& recipe, Lease kernel, Lease userspace, Lease guest);
  void start_removal_of_leftovers();

  std::filesystem::path repository_;
  Observer observer_;
  Catalogue catalogue_;
  UserspaceSpec userspace_;
  std::map<std::string, std::unique_ptr<Origin>> origins_; ///< by the kernel's name
  std::vector<std::string> own_names_;
  Cache cache_;
  std::optional<Scratch> scratch_; ///< for source trees that are looked at

  std::mutex mutex_;
  std::condition_variable_any turn_over_;
  bool building_ = false;
  std::map<std::string, KernelImage> ready_;
  std::map<std::string, std::filesystem::path> trees_;
  std::vector<Lease> leases_; ///< of ready_ and trees_: gc of any process leaves these entries alone

  std::once_flag removal_started_;
  std::jthread removal_; ///< of what killed builds left; the last member, so that it ends before the others go
};

} // namespace kdt::image
