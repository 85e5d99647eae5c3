#pragma once

#include "image/origin.hpp"

namespace kdt::image {

/// A kernel as a distribution ships it: taken out of its packages, with the modules that a guest needs to reach its
/// agent. A probe is built against its headers, by the packages' own build programs. The entry's key is what was asked
/// for; which versions that means is known after asking a mirror, and stands in the entry's `content`.
class PackagedKernelOrigin : public Origin {
public:
  /// images: holds fetch-packages.sh.
  PackagedKernelOrigin(std::string name, PackagedKernel from, std::filesystem::path images)
      : name_(std::move(name)), from_(std::move(from)), images_(std::move(images)) {}

  std::vector<Need> needs() const override;
  EntryKey key() const override;
  Facts forecast() const override;
  bool dated() const override { return true; }
  KernelEntry provide(const MakeEntry& make) const override;

private:
  void fill(const std::filesystem::path& directory, BuildSteps& steps) const;

  std::string name_;
  PackagedKernel from_;
  std::filesystem::path images_;
};

/// Moves what a kernel entry holds out of the unpacked packages. Throws Error{infra} that names what is missing.
void collect_packaged(const std::filesystem::path& tree, const std::vector<std::string>& modules,
                      const std::filesystem::path& entry);

/// Puts the build programs of another architecture's linux-kbuild, unpacked in `tools` together with its C library, in
/// the place of those in `tree`. They are started by that library's own loader: the host's may be older.
void replace_build_programs(const std::filesystem::path& tools, const std::filesystem::path& tree);

} // namespace kdt::image
