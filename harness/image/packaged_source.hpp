#pragma once

#include "image/kconfig.hpp"
#include "image/origin.hpp"

namespace kdt::image {

/// Entry: an unpacked source, one top directory less than the archive, without what the spec leaves out.
EntryKey source_key(const SourceSpec& source);

/// A kernel built from fragments on allnoconfig, from a source that a Debian package brings.
class PackagedSourceOrigin : public Origin {
public:
  /// images: holds kconfig/.
  PackagedSourceOrigin(std::string name, PackagedSource from, std::filesystem::path images)
      : name_(std::move(name)), from_(std::move(from)), images_(std::move(images)) {}

  std::vector<Need> needs() const override;
  EntryKey key() const override;
  Facts forecast() const override;
  KernelEntry provide(const MakeEntry& make) const override;

private:
  std::vector<KconfigOption> options() const;

  std::string name_;
  PackagedSource from_;
  std::filesystem::path images_;
};

} // namespace kdt::image
