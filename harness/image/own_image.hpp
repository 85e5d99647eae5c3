#pragma once

#include "image/kernel_modules.hpp"
#include "image/origin.hpp"
#include "image/required_options.hpp"

namespace kdt::image {

/// A kernel that the user has built. His files are only read: the entry holds copies.
class OwnImageOrigin : public Origin {
public:
  /// Looks at Image, config and modules at once. Throws Error{usage}: it is no arm64 Image, it lacks what a guest
  /// needs, vmlinux or modules are of another build.
  OwnImageOrigin(std::string name, OwnImage from, const Requirements& required);

  std::vector<Need> needs() const override { return {}; }
  EntryKey key() const override;
  std::string content() const override { return "Image " + image_hash_.substr(0, 12); }
  Facts forecast() const override;
  KernelEntry provide(const MakeEntry& make) const override;

private:
  void find_modules(const Requirements& required);
  void fill(const std::filesystem::path& directory) const;

  std::string name_;
  OwnImage from_;
  std::string image_hash_;
  std::string release_;
  std::string config_; ///< its text; empty: not known
  std::string build_id_;
  Facts facts_;
  std::vector<KernelModule> modules_{}; ///< that the agent loads
};

} // namespace kdt::image
