#pragma once

#include "run/recipe.hpp"

#include <filesystem>
#include <string>

namespace kdt::run {

struct BundleOptions {
  bool vmlinux = true; ///< and System.map, where they were kept
  bool vmcore = false; ///< what the cell left of a dump
  std::string kdt_version{};
};

/// Packs what another machine needs to run the cell again, and what it showed here: the files of its directory, kernel,
/// initramfs and rules. `kernel` takes the place of the recipe's. Throws Error{infra}, and Error{usage} when a file of
/// the recipe is gone.
void write_bundle(const std::filesystem::path& cell_directory, const image::KernelImage& kernel,
                  const BundleOptions& options, const std::filesystem::path& file);

/// Unpacks a bundle, which anybody may have made, into a directory that becomes a cell's directory. Throws Error{usage}
/// when it is none, when a path in its recipe leads out of it, or when no matrix could hold its cell.
void unpack_bundle(const std::filesystem::path& file, const std::filesystem::path& directory);

} // namespace kdt::run
