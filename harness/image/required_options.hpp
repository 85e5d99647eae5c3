#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kdt::image {

/// An option that no cell can do without: one of several is enough.
struct RequiredOption {
  std::vector<std::string> any_of; ///< CONFIG_KEXEC, CONFIG_KEXEC_FILE
  std::string because;             ///< ends the sentence "the kernel has no X: …"
  std::string module{};            ///< what the agent can load in its place; empty: it must be built in
};

/// What a kernel of the user's own must be like.
struct Requirements {
  std::string oldest{};         ///< the first version that will do, 5.10; empty: any
  std::string oldest_because{}; ///< why
  std::vector<RequiredOption> options{};
};

/// Reads images/required-options.yaml; throws Error{usage} that begins with file:line:column.
Requirements load_requirements(const std::filesystem::path& file);

/// Throws Error{usage} when a release (6.1.0-9-arm64) is older than the oldest that will do.
void require_version(const std::string& subject, const std::string& release, const Requirements& required);

/// Throws Error{usage} that names every option that a .config (name → value) lacks, and why it is needed. A module (m)
/// will do where the agent can load it, if with_modules says that its file is at hand.
void require_options(const std::string& subject, const std::map<std::string, std::string>& config,
                     const Requirements& required, bool with_modules = false);

/// The modules that the agent loads in the place of options that are not built in.
std::vector<std::string> needed_modules(const std::map<std::string, std::string>& config, const Requirements& required);

} // namespace kdt::image
