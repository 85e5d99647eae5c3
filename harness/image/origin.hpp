#pragma once

#include "image/build_step.hpp"
#include "image/cache.hpp"
#include "image/catalogue.hpp"
#include "image/tools.hpp"
#include "model/value.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace kdt::image {

/// Fills the directory of one entry.
using FillEntry = std::function<void(const std::filesystem::path& directory, BuildSteps& steps)>;
/// Gives an entry of the cache, made if it is not there. Throws as Cache::get.
using MakeEntry = std::function<Lease(const EntryKey& key, const FillEntry& fill)>;

/// A kernel entry in use. Its directory holds
///   Image, release (uname -r)      always
///   config, vmlinux, System.map    where there are any
///   build-id                       of the Image, where there is no vmlinux
///   modules/                       what the agent loads before all else, see write_modules()
///   content                        what went in, where the key says only what was asked for
struct KernelEntry {
  Lease entry;
  std::vector<std::string> module_make{}; ///< what make is told to build a module, M= left out
  std::string no_modules{};               ///< why none can be built; empty: one can
  std::vector<Lease> beside{};            ///< other entries that module_make names
};

/// Where a kernel comes from, and how it becomes a kernel entry. One for each kernel, in image/<origin>.cpp; any number
/// of threads may ask it. Not for: what is the same for every kernel (agent, probe, initramfs).
class Origin {
public:
  virtual ~Origin() = default;
  /// Programs and files that provide() takes.
  virtual std::vector<Need> needs() const = 0;
  /// Names the kernel entry by all that goes into it; throws Error when that cannot be found out.
  virtual EntryKey key() const = 0;
  /// What of a kernel of the user's own must not change while a run goes on; empty for the catalogue's.
  virtual std::string content() const { return {}; }
  /// What is known of the kernel before there is an entry; never throws because something is not installed.
  virtual Facts forecast() const = 0;
  /// Does the entry hold what a mirror had on the day of fetching?
  virtual bool dated() const { return false; }
  /// The kernel entry, built if need be. Throws what make throws.
  virtual KernelEntry provide(const MakeEntry& make) const = 0;
};

/// What origins stand on.
struct OriginPlace {
  std::filesystem::path images;    ///< the repository's images/: fragments and what must be built in
  std::filesystem::path scratch{}; ///< for files of a source tree that is being looked at; empty: $TMPDIR
  std::stop_token stop{};
};

/// Throws Error{usage} when what the user named is no kernel that can be tested.
std::unique_ptr<Origin> origin_of(const KernelSpec& spec, const OriginPlace& place);

/// The facts of a finished kernel entry.
Facts entry_facts(const std::filesystem::path& entry);

/// Its build id as hexadecimal digits; empty when neither vmlinux nor Image tells it.
std::string entry_build_id(const std::filesystem::path& entry);

} // namespace kdt::image
