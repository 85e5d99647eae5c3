#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::image {

/// What of a kernel build a module is built against. Each takes the build directory: made in the source tree itself, or
/// beside it. Only what is read is here: the user's build is never built in.

/// Why no module can be built against it, a sentence; empty: one can. build: may be empty. config: its text.
std::string why_no_modules(const std::filesystem::path& build, const std::string& config);

/// Over what decides whether a module fits; empty for an empty path.
std::string module_tree_hash(const std::filesystem::path& build);

/// Copies headers, scripts, Makefiles and Module.symvers; for a build beside its source only the build's own.
void copy_module_tree(const std::filesystem::path& build, const std::filesystem::path& copy);

/// What make is told so that it builds a module against the copy.
std::vector<std::string> module_make_of(const std::filesystem::path& build, const std::filesystem::path& copy);

/// Removes from a source tree of ours what no module build reads; `build` is a directory in it that stays as it is.
void prune_source(const std::filesystem::path& source, const std::string& build);

} // namespace kdt::image
