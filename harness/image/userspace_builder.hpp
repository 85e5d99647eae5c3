#pragma once

#include "image/build_step.hpp"
#include "image/cache.hpp"
#include "image/catalogue.hpp"

#include <map>
#include <string>
#include <vector>

namespace kdt::image {

/// A tar's regular files and links that may be programs or libraries, by path without "./".
struct PackageFiles {
  std::map<std::string, std::string> content;    ///< of regular files
  std::map<std::string, std::string> links;      ///< symbolic and hard links → target, as a path in the same tar
  std::map<std::string, std::string> versions{}; ///< of the packages that were unpacked, by name

  /// The content behind a path, links followed; nullptr when it is not there.
  const std::string* find(std::string path) const;
};

/// Package → version from the names of downloaded packages, one a line: "kexec-tools_1%3a2.0.25-3_arm64.deb".
std::map<std::string, std::string> package_versions(std::string_view file_names);

/// Reads what lies in bin, sbin and lib directories, and the list of packages; throws Error{infra} that names the tar.
PackageFiles read_packages(const std::filesystem::path& tar);

/// Programs, the libraries they need (DT_NEEDED, followed), the extra libraries and the loader, by their path in the
/// guest. Throws Error{infra} that names what is missing and who needs it.
std::map<std::string, std::string> guest_files(const UserspaceSpec& spec, const PackageFiles& packages);

/// Entry: tree/, the guest's files; packages, a line "name version" for each package that was fetched; content, a hash
/// over all of it. The key is what was asked for: which versions that means is known only after asking a mirror, so
/// what is made from this entry is keyed by its content.
EntryKey userspace_key(const UserspaceSpec& spec);
void build_userspace(const UserspaceSpec& spec, const std::filesystem::path& directory, BuildSteps& steps);

/// The hash that build_userspace wrote into an entry.
std::string userspace_content(const std::filesystem::path& entry);

} // namespace kdt::image
