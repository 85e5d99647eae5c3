#pragma once

#include "image/build_step.hpp"
#include "image/cache.hpp"
#include "image/catalogue.hpp"
#include "image/kconfig.hpp"

namespace kdt::image {

/// The unpacked source: one top directory less than the archive, without what the spec leaves out.
EntryKey source_key(const SourceSpec& source);
void build_source(const SourceSpec& source, const std::filesystem::path& directory, BuildSteps& steps);

/// Reads kconfig/NAME.config of every fragment of the kernel and merges them; throws Error{usage} with file and line.
std::vector<KconfigOption> merged_options(const KernelSpec& kernel, const std::filesystem::path& kconfig);

/// Entry: Image, vmlinux, System.map, config, release, and module-build (what building a module against it needs,
/// with the source entry beside it).
EntryKey kernel_key(const KernelSpec& kernel, const EntryKey& source, const std::vector<KconfigOption>& options);
void build_kernel(const KernelSpec& kernel, const std::vector<KconfigOption>& options,
                  const std::filesystem::path& source, const std::filesystem::path& directory, BuildSteps& steps);

/// The make command for an arm64 kernel tree or module, with fixed user, host and time in the kernel's banner.
Command kernel_make(const std::vector<std::string>& arguments);

} // namespace kdt::image
