#pragma once

#include "image/build_step.hpp"
#include "image/catalogue.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kdt::image {

/// What mmdebstrap is asked for.
struct PackageFetch {
  Suite suite{};
  std::vector<std::filesystem::path> apt_sources{}; ///< of the host; the first that names the suite is tried first
  std::string architecture{};
  std::vector<std::string> packages{}; ///< unpacked, with what they depend on; none: the hook fetches by itself
  std::string hook{};                  ///< shell; $1 is the directory that becomes the tar
};

/// The command for one mirror: a file of apt sources, or empty for mmdebstrap's default.
Command mmdebstrap(const PackageFetch& fetch, const std::filesystem::path& tar, const std::filesystem::path& mirror);

/// Makes the tar, from the host's own sources or else from mmdebstrap's default mirror. Throws as BuildSteps::run().
void fetch_packages(const PackageFetch& fetch, const std::filesystem::path& tar, BuildSteps& steps);

/// Packages to take apart, without what installing them would do.
struct PackageTree {
  Suite suite{};
  std::vector<std::filesystem::path> apt_sources{};
  std::string architecture{};
  std::string wanted{}; ///< names, blank between them
  std::string keep{};   ///< regular expression over the names of all that these depend on, themselves included
  std::string script{}; ///< images/fetch-packages.sh
};

/// Unpacks them below `directory`/tree; their versions by name. Throws as BuildSteps::run().
std::map<std::string, std::string> unpack_packages(const PackageTree& packages, const std::filesystem::path& directory,
                                                   BuildSteps& steps);

} // namespace kdt::image
