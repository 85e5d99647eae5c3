#pragma once

#include "base/units.hpp"
#include "model/value.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kdt::image {

class YamlFile;

/// A Debian release, and what has to be known to fetch from it.
struct Suite {
  std::string name{};
  bool main_only = false; ///< leave out its security and update pockets
  bool stale = false; ///< take its lists although they say that they are too old; signatures are checked all the same
};

/// A kernel source archive that a Debian package brings.
struct SourceSpec {
  std::string name;                   ///< "linux-6.1"
  std::string package;                ///< Debian package, for its version and for the advice when it is missing
  std::filesystem::path archive;      ///< tar.xz with one top directory
  std::vector<std::string> leave_out; ///< tar --exclude patterns
  ByteSize free_space;                ///< disk needed to unpack it
  /// Where the package is fetched from, when this host's own release lacks it; nullopt: it is installed.
  std::optional<Suite> suite{};
  std::vector<std::filesystem::path> apt_sources{}; ///< of the host, for the suite
};

/// A kernel built from fragments of images/kconfig on allnoconfig.
struct PackagedSource {
  SourceSpec source;
  std::vector<std::string> fragments; ///< names in images/kconfig, merged in order, the last one wins
  unsigned steps = 0;                 ///< lines that make prints: what progress is measured against
  ByteSize free_space;                ///< disk needed to build it
};

/// A kernel as a distribution ships it.
struct PackagedKernel {
  Suite suite;
  std::vector<std::string> packages;              ///< of kernel and headers; what they depend on goes without saying
  std::vector<std::string> modules;               ///< that a guest needs to reach its agent
  std::vector<std::filesystem::path> apt_sources; ///< of the host; the first that exists and names the suite is tried
  Facts expected;                                 ///< what is said of it before it was fetched: version, page_size
  ByteSize free_space;                            ///< disk needed to unpack it
};

/// What the user's own source trees are built with, unless he says otherwise.
struct OwnTreeDefaults {
  std::vector<std::string> fragments;
  unsigned steps = 0;
  ByteSize free_space;
};

/// A patch, and how many directories are taken off the names in it: patch -pN.
struct Patch {
  std::filesystem::path file;
  unsigned strip = 1;
};

/// A kernel built from a source tree of the user's.
struct OwnTree {
  std::filesystem::path path;
  std::string revision{};                      ///< empty: the files as they are
  std::vector<Patch> patches{};                ///< in order
  std::filesystem::path config{};              ///< a .config to start from instead of allnoconfig; empty: none
  std::vector<std::string> fragments{};        ///< whatever Kconfig does not grant of these is let go
  std::vector<std::string> wanted_fragments{}; ///< these are granted as a whole, or the kernel is refused
  unsigned steps = 0;
  ByteSize free_space;
};

/// A kernel that the user has built: an Image, and what else there is of it. Empty paths: there is no such file.
struct OwnImage {
  std::filesystem::path image;
  std::filesystem::path config{};
  std::filesystem::path vmlinux{};
  std::filesystem::path system_map{};
  std::filesystem::path build{}; ///< the build directory, for building the probe against it
  std::filesystem::path
      modules{}; ///< what holds its modules: the build directory, lib/modules/RELEASE, or what holds that
};

/// One kernel of images/kernels.yaml or of the user's. image/origin.hpp says what becomes of it.
struct KernelSpec {
  std::string name;
  std::string description;
  std::optional<ByteSize> least_memory; ///< least RAM in which it was seen to reach its agent; nullopt: not measured
  std::variant<PackagedSource, PackagedKernel, OwnTree, OwnImage> from; ///< where it comes from
  bool probe = true; ///< false: the user does not want one for this kernel of his

  bool own() const { return std::holds_alternative<OwnTree>(from) || std::holds_alternative<OwnImage>(from); }
};

/// Every kernel that kdt can build.
class Catalogue {
public:
  /// Reads images/kernels.yaml; fragments must exist as kconfig/NAME.config beside it. Own kernels: see own_kernel.hpp.
  /// Throws Error{usage} that begins with file:line:column.
  static Catalogue load(const std::filesystem::path& file);

  /// The kernels of a file of the user's like images/kernels.yaml, which may also have `path:`, see OwnKernel; it may
  /// name the sources and fragments that this catalogue knows. Throws as load().
  std::vector<KernelSpec> read_more(const std::filesystem::path& file) const;
  /// Adds one, in place of another of that name.
  void add(KernelSpec spec);

  const std::vector<KernelSpec>& kernels() const { return kernels_; }
  const OwnTreeDefaults& own_trees() const { return own_trees_; }
  std::vector<std::string> names() const;
  /// Throws Error{usage} that names the nearest kernel.
  const KernelSpec& kernel(const std::string& name) const;

private:
  std::vector<KernelSpec> read(const YamlFile& file, const std::vector<SourceSpec>& sources) const;

  std::vector<std::string> fragments_; ///< that there are
  std::vector<SourceSpec> sources_;
  OwnTreeDefaults own_trees_;
  std::vector<KernelSpec> kernels_;
};

/// images/userspace.yaml: what goes into the guest besides kernel and agent.
struct UserspaceSpec {
  std::string suite;
  std::vector<std::string> packages;
  std::vector<std::filesystem::path> apt_sources; ///< of the host; the first that exists and names the suite is tried
  std::vector<std::filesystem::path> programs;    ///< where the guest finds them: sbin/kexec
  std::vector<std::string> libraries;             ///< opened by name at run time, so that no DT_NEEDED tells of them
  ByteSize free_space;

  /// Throws Error{usage} that begins with file:line:column.
  static UserspaceSpec load(const std::filesystem::path& file);
};

} // namespace kdt::image
