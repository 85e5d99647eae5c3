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
};

/// Reads images/required-options.yaml; throws Error{usage} that begins with file:line:column.
std::vector<RequiredOption> load_required_options(const std::filesystem::path& file);

/// Throws Error{usage} that names every option that a .config (name → value) lacks, and why it is needed. What is a
/// module (m) counts as lacking: it would have to be loaded before anything is there to load it.
void require_options(const std::string& subject, const std::map<std::string, std::string>& config,
                     const std::vector<RequiredOption>& required);

} // namespace kdt::image
