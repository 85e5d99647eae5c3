#pragma once

#include "image/git_tree.hpp"
#include "image/kconfig.hpp"
#include "image/origin.hpp"
#include "image/required_options.hpp"

#include <optional>

namespace kdt::image {

/// A kernel built from a private copy of a source tree of the user's, which is never written to. The copy is in the
/// entry, and what no module build reads goes from it when the kernel is there.
class OwnTreeOrigin : public Origin {
public:
  /// Finds out at once which content is meant. Throws as GitTree, and Error{usage} for fragments and a .config.
  OwnTreeOrigin(std::string name, OwnTree from, const OriginPlace& place);

  std::vector<Need> needs() const override;
  EntryKey key() const override;
  std::string content() const override;
  Facts forecast() const override;
  KernelEntry provide(const MakeEntry& make) const override;

private:
  void check(const std::map<std::string, std::string>& config) const;
  void build(const std::filesystem::path& directory, BuildSteps& steps) const;

  std::string name_;
  OwnTree from_;
  Requirements required_;
  std::string config_; ///< text of the .config that it starts from; empty: allnoconfig
  std::vector<KconfigOption> options_;
  GitTree tree_;
};

} // namespace kdt::image
