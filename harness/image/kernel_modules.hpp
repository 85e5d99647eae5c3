#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::image {

/// A module as init_module(2) takes it.
struct KernelModule {
  std::string name; ///< virtio_blk
  std::string content;
};

/// A file, unpacked when it is compressed (xz, zstd, gzip); throws Error{infra} that names it.
std::string read_unpacked(const std::filesystem::path& file);

/// The modules of these names and all that they depend on, in the order in which they can be loaded. `tree` is
/// lib/modules/RELEASE, as packaged: depmod need not have run; or a build directory. What is built into the kernel is
/// left out. Throws Error{infra} that names what is missing.
std::vector<KernelModule> modules_in_order(const std::filesystem::path& tree, const std::vector<std::string>& names,
                                           const std::string& wanted_by);

/// The release of the kernel that a module was built for, by its vermagic; empty when it tells none.
std::string release_of(const KernelModule& module);

/// Writes NAME.ko of each, and `order`, their names, a line each.
void write_modules(const std::vector<KernelModule>& modules, const std::filesystem::path& directory);

} // namespace kdt::image
