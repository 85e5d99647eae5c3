#pragma once

#include "image/catalogue.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kdt::image {

/// A kernel of the user's, as he names it: `--kernel NAME=PATH[@REVISION][,SETTING=VALUE…]` or an entry with `path:` in
/// a kernels.yaml of his own. PATH is a source tree, a finished build directory, or an Image.
struct OwnKernel {
  std::string name;
  std::filesystem::path path;
  std::string description{};
  std::string revision{};                         ///< of a source tree: a git revision; empty: the files as they are
  std::filesystem::path patches{};                ///< of a source tree: a patch, or a directory of patches
  std::vector<std::filesystem::path> fragments{}; ///< of a source tree: files *.config with more options
  std::string zone_dma{};                         ///< of a source tree: on, off, or both, which makes two kernels of it
  std::filesystem::path config{};                 ///< the .config of an Image, or that a source tree is built from
  std::filesystem::path modules{};                ///< of an Image: lib/modules/RELEASE, or what holds it
  std::string probe{};                            ///< off: no probe module is built for it; else empty, or on
  std::optional<ByteSize> least_memory{};
};

/// Reads the text of --kernel; throws Error{usage}.
OwnKernel parse_own_kernel(const std::string& text);

/// The kernels that this stands for, by what PATH is on the disk: one, or NAME-dma and NAME-nodma. Throws Error{usage}
/// when PATH is no arm64 kernel, or of another kind than a setting is for.
std::vector<KernelSpec> own_specs(const OwnKernel& own, const OwnTreeDefaults& defaults);

/// Names become file names and words of the kernel's release: letters, digits, '.', '_' and '-'.
bool is_kernel_name(const std::string& name);

} // namespace kdt::image
