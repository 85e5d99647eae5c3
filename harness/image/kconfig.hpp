#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::image {

/// An option that a fragment asks for.
struct KconfigOption {
  std::string name;     ///< CONFIG_KEXEC
  std::string value;    ///< y, n, 16, "text" with its quotes
  std::string fragment; ///< who asked
};

/// The lines of a fragment: CONFIG_X=value with an optional comment behind; throws Error{usage} with name:line for any
/// other line, so that a typing error is not taken for a comment.
std::vector<KconfigOption> parse_fragment(std::string_view name, std::string_view text);

/// All options in order, one per name: the last fragment wins.
std::vector<KconfigOption> merge_fragments(const std::vector<std::vector<KconfigOption>>& fragments);

/// The text for KCONFIG_ALLCONFIG.
std::string allconfig_text(const std::vector<KconfigOption>& options);

/// A final .config as name → value; options that are not set are absent.
std::map<std::string, std::string> parse_config(std::string_view text);

/// "6.1.192" of the line "# Linux/arm64 6.1.192 Kernel Configuration" at its head; empty when there is none.
std::string config_release(std::string_view text);

/// The options that Kconfig did not grant, each as a sentence; empty when all hold. Kconfig drops an option without a
/// word when a dependency is missing: KEXEC without SUSPEND on arm64.
std::vector<std::string> unmet_options(const std::vector<KconfigOption>& asked,
                                       const std::map<std::string, std::string>& config);

} // namespace kdt::image
