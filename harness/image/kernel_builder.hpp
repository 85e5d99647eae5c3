#pragma once

#include "base/process.hpp"
#include "image/build_step.hpp"
#include "image/kconfig.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::image {

/// Reads kconfig/NAME.config of every fragment and merges them, and names the kernel in its release; throws
/// Error{usage} with file and line.
std::vector<KconfigOption> merged_options(const std::string& kernel, const std::vector<std::string>& fragments,
                                          const std::filesystem::path& kconfig);

/// The make command for an arm64 kernel tree or module, with fixed user, host and time in the kernel's banner.
Command kernel_make(const std::vector<std::string>& arguments);

/// A source tree, and the directory that a kernel is built in.
struct BuildPlace {
  std::filesystem::path source;
  std::filesystem::path build;
};

/// Makes a .config of the options, on top of allnoconfig or of the text of another .config. What Kconfig did not grant
/// is for the caller to find: unmet_options().
void configure_kernel(const BuildPlace& place, const std::vector<KconfigOption>& options, const std::string& config,
                      BuildSteps& steps);

/// Image and modules, with every processor and with ccache where it is installed. lines: about how many make prints.
void compile_kernel(const BuildPlace& place, unsigned lines, BuildSteps& steps);

/// Moves what a kernel entry holds out of the build directory; what is left of that is enough for building a module.
void collect_kernel(const std::filesystem::path& build, const std::filesystem::path& entry, BuildSteps& steps);

} // namespace kdt::image
